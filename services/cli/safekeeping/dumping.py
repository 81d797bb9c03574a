"""A backup is written: all databases as of one moment, then the register log, the files, and the list of erasures.

In this order every line of the register log, and every document of the databases, has its file; and what was destroyed
while the backup was made is destroyed again when it is restored. A backup that lacks any of it is none.
"""

import contextlib
import gzip
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from pymongo.errors import OperationFailure

from services.chassis.epoch import EPOCHS, Epochs
from services.chassis.errors import Failure
from services.chassis.mongo import Collection, Database, Session
from services.cli.safekeeping.copying import check_log, copied_erasures, copied_files, copied_logs, count_lost, part_of
from services.cli.safekeeping.manifest import (
    DATABASES,
    HASHES,
    MANIFEST,
    Manifest,
    NoBackup,
    Part,
    read_manifest,
    sha256_of,
)
from services.cli.safekeeping.writing import make_private, start_afresh, sync_folders, synced, write_synced
from services.intake.files import PART_SUFFIX, sync_folder

LEFT_OUT = {EPOCHS, "leases", "consumer_positions"}  # what is true of these servers only
TOO_OLD = 239  # SnapshotTooOld
TOO_NEW = 246  # SnapshotUnavailable: of a collection or index that was made after the moment
TRIES = 3
COMPRESSION = 1
ROWS_PER_BATCH = 5000
Progress = Callable[[int], None]


class TooSlow(Failure):
    """The server forgot the moment that was being read."""


class Moved(Failure):
    """Collections were made or dropped while they were read."""


@dataclass(frozen=True)
class Source:
    """What is backed up. `databases` by service; `files` and `register` are intake's folders.

    `may_lack_files`: documents' files that are lost already are counted, and no reason to have no backup.
    """

    databases: dict[str, Database]
    prefix: str
    files: Path
    register: Path
    may_lack_files: bool = False


async def dump(source: Source, target: Path, previous: Path | None, progress: Progress) -> Manifest:
    """The whole backup under its name, or nothing of that name. Files that `previous` has are linked, not copied.

    Raises Halted where a restore has not come to its end, TooSlow, Moved, NotWhole, OSError; then nothing is left of it.
    """
    for database in source.databases.values():
        await Epochs(database).settled()
    make_private(target.parent)
    draft = start_afresh(target.with_name(target.name + PART_SUFFIX))
    try:
        manifest = await _written(source, draft, previous, progress)
        draft.rename(target)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)  # it holds papers in clear
        raise
    sync_folder(str(target.parent))
    return manifest


async def _written(source: Source, draft: Path, previous: Path | None, progress: Progress) -> Manifest:
    at, parts = await _databases(source.databases, draft, progress)
    documents = next((each for each in parts if (each.service, each.collection) == ("intake", "documents")), None)
    parts += copied_logs(source.register, draft)
    check_log(draft, documents, source.register)
    hashes, tally = copied_files(source.files, draft, previous, progress)
    parts += [hashes, *copied_erasures(source.register, draft)]
    lost = count_lost(draft, documents, source.files, may_lack=source.may_lack_files)
    manifest = Manifest(
        vanthu=version("vanthu"),
        mongodb=await _server_version(source),
        at=at,
        epoch=max([(await Epochs(each).current()).number for each in source.databases.values()]),
        prefix=source.prefix,
        parts=tuple(parts),
        files=tally.files,
        files_bytes=tally.files_bytes,
        files_lost=lost,
    )
    write_synced(draft / MANIFEST, [manifest.model_dump_json(indent=1).encode()])
    sync_folders(draft)
    return manifest


async def _server_version(source: Source) -> str:
    database = next(iter(source.databases.values()))
    return str((await database.client.admin.command("buildInfo"))["version"])


# --- databases -----------------------------------------------------------------------------------


async def _databases(databases: dict[str, Database], draft: Path, progress: Progress) -> tuple[datetime, list[Part]]:
    """When they were as they were read, and all collections. Begins anew where those change meanwhile; raises Moved."""
    for _ in range(TRIES):
        start_afresh(draft / DATABASES)
        at, names = datetime.now(UTC), await _names(databases)
        with contextlib.suppress(Moved):
            parts = await _at_one_moment(databases, names, draft, progress)
            if await _names(databases) == names:
                return at, parts
    raise Moved(
        "Collections were made or dropped while they were read, as `vanthu rebuild`, `vanthu recompute` and a first "
        f"start do, {TRIES} times. Nothing was written. Wait until those have ended, then run this again."
    )


async def _names(databases: dict[str, Database]) -> dict[str, list[str]]:
    return {
        service: sorted(set(await database.list_collection_names()) - LEFT_OUT)
        for service, database in databases.items()
    }


async def _at_one_moment(
    databases: dict[str, Database], names: dict[str, list[str]], draft: Path, progress: Progress
) -> list[Part]:
    """These collections as of the moment that the session's first read fixes."""
    client = next(iter(databases.values())).client
    async with await client.start_session(snapshot=True) as session:
        try:
            return [
                await _collection(service, database[name], session, draft, progress)
                for service, database in databases.items()
                for name in names[service]
            ]
        except OperationFailure as error:
            if error.code == TOO_NEW:
                raise Moved from error
            if error.code != TOO_OLD:
                raise
            raise TooSlow(
                "MongoDB forgot the moment of the backup before all was read. Run on every member: "
                "db.adminCommand({setParameter: 1, minSnapshotHistoryWindowInSeconds: 3600}), then this command again."
            ) from error


async def _collection(service: str, collection: Collection, session: Session, draft: Path, progress: Progress) -> Part:
    path = f"{DATABASES}/{service}/{collection.name}.bson.gz"
    make_private((draft / path).parent)
    rows = 0
    with gzip.open(draft / path, "wb", COMPRESSION) as packed:
        async for batch in collection.find_raw_batches({}, session=session, batch_size=ROWS_PER_BATCH):
            packed.write(batch)
            rows += count_rows(batch)
            progress(count_rows(batch))
    part = part_of(path, *synced(draft / path))
    indexes = [dict(each) async for each in collection.list_indexes() if each["name"] != "_id_"]
    return part.model_copy(
        update={
            "service": service,
            "collection": collection.name,
            "rows": rows,
            "indexes": tuple({**each, "key": dict(each["key"])} for each in indexes),
        }
    )


def count_rows(batch: bytes) -> int:
    """How many BSON documents stand in a row; each begins with its length."""
    count = place = 0
    while place < len(batch):
        place += int.from_bytes(batch[place : place + 4], "little")
        count += 1
    return count


def previous_of(folder: Path) -> Path:
    """The folder, once its list of files is what its manifest says."""
    manifest = read_manifest(folder)
    listed = next((each for each in manifest.parts if each.path == HASHES), None)
    if listed is None or sha256_of(folder / HASHES) != listed.sha256:
        raise NoBackup(f"{folder / HASHES} is damaged. Make a whole backup, without --since.")
    return folder
