"""A backup is put into an empty system, or again into one where an interrupted restore has left something."""

import gzip
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from bson import decode_file_iter

from services.chassis.epoch import EPOCHS, Epochs
from services.chassis.errors import Failure
from services.chassis.mongo import Database, Row
from services.cli.recovery.ground import RECOVER, RESTORE
from services.cli.safekeeping.manifest import FILES, HASHES, MANIFEST, REGISTER, Manifest, Part, file_hashes, sha256_of
from services.cli.safekeeping.writing import chunks_of, sync_folders, write_synced
from services.intake.erasure_list import NAME as ERASURES
from services.intake.erasure_list import erased_ids, order
from services.intake.files import PART_SUFFIX, make_folder

ROWS_AT_ONCE = 1000
FILE_MODE = 0o640
JOURNAL = "events"
Progress = Callable[[int], None]


class NotEmpty(Failure):
    """There is something already that a restore would overwrite."""


@dataclass(frozen=True)
class Target:
    """`files` and `register` are intake's folders; without them only the databases are restored."""

    databases: dict[str, Database]
    files: Path | None
    register: Path | None


def work_of(folder: Path, manifest: Manifest, target: Target) -> str:
    """What a restore is of, for a person, and so that no two differ without their names differing."""
    digest = sha256_of(folder / MANIFEST) or ""
    only = "" if target.register else ", databases only"
    return f"the backup of {manifest.at:%Y-%m-%d %H:%M:%S} UTC ({digest[:16]}){only}"


async def is_loaded(target: Target, work: str) -> bool:
    """Whether an interrupted restore has loaded all of the same, so that only its recovery is left.

    What it has loaded in part may be overwritten. Raises NotEmpty where anything else is there.
    """
    begun = {service: await Epochs(database).current() for service, database in target.databases.items()}
    unfinished = [each for each in begun.values() if each.unfinished]
    for each in unfinished:
        _check_same(each.unfinished, each.of, work)
    if unfinished and RESTORE not in {each.unfinished for each in unfinished}:
        return True
    await _check_databases([target.databases[name] for name, each in begun.items() if not each.unfinished])
    if not unfinished:
        _check_folders(target)
    return False


def _check_same(command: str | None, of: str | None, work: str) -> None:
    if command == RESTORE and of != work:
        raise NotEmpty(
            f"A restore of {of or 'another backup'} has not come to its end, and this would be one of {work}. Nothing "
            "was changed. Run the former again as it was begun, or drop the databases that it has begun to fill."
        )
    if of != work:
        raise NotEmpty("These databases are restored and not recovered yet. Nothing was changed. Run `vanthu recover`.")


async def _check_databases(databases: Iterable[Database]) -> None:
    for database in databases:
        if names := sorted(await database.list_collection_names()):
            raise NotEmpty(
                f"The database {database.name} has {len(names)} collections ({', '.join(names[:3])} …). Nothing was "
                "changed. Name an empty folder with --data; where VANTHU_MONGO_URL names a server, drop the old databases "
                "there, or set VANTHU_MONGO_DATABASE_PREFIX to a new name."
            )


def _check_folders(target: Target) -> None:
    """A list of erasures may lie there: the restored documents that it names will be destroyed again."""
    for folder in (target.files, target.register):
        there = (each for each in (folder.rglob("*") if folder else ()) if each.is_file())
        if next((each for each in there if (each.parent, each.name) != (target.register, ERASURES)), None):
            raise NotEmpty(
                f"There are files in {folder} already. Nothing was changed. Name an empty folder with --data (and "
                "VANTHU_DATA_FOLDER), or restore only the databases beside these files: --databases-only."
            )


async def load(folder: Path, manifest: Manifest, target: Target, epoch: int, progress: Progress) -> None:
    """Everything is there with its indexes and on the disk; services do not start before `vanthu recover`.

    The epoch has begun with RESTORE: what is there meanwhile is dropped.
    """
    for service, database in target.databases.items():
        for name in set(await database.list_collection_names()) - {EPOCHS}:
            await database.drop_collection(name)
        for part in manifest.of_databases():
            if part.service == service:
                await _collection(folder, part, database, progress)
    if target.register:
        logs = ((each.path, each.sha256) for each in manifest.parts if each.path != f"{REGISTER}/{ERASURES}")
        _copy(folder, target.register, logs, f"{REGISTER}/", progress)
        for id, at in erased_ids(folder / REGISTER).items():
            order(target.register, id, at)
    if target.files:
        listed = ((f"{FILES}/{path}", digest) for path, digest in file_hashes(folder))
        _copy(folder, target.files, listed, f"{FILES}/", progress)
    for database in target.databases.values():
        await Epochs(database).begin(epoch, RECOVER)


async def _collection(folder: Path, part: Part, database: Database, progress: Progress) -> None:
    assert part.collection is not None
    collection = database[part.collection]
    if part.indexes:
        await database.command("createIndexes", part.collection, indexes=[_index(each) for each in part.indexes])
    with cast("IO[bytes]", gzip.open(folder / part.path, "rb")) as packed:
        for rows in _pieces(decode_file_iter(packed)):
            await collection.insert_many([_again(part, row) for row in rows], ordered=False)
            progress(len(rows))


def _index(listed: Row) -> Row:
    return {name: value for name, value in listed.items() if name != "ns"}


def _again(part: Part, row: Row) -> Row:
    """Every event is sent again: who reads them may have had less when the backup was made, and Kafka may be new."""
    return {**row, "unsent": True} if part.collection == JOURNAL else row


def _pieces(rows: Iterator[Row]) -> Iterator[list[Row]]:
    piece: list[Row] = []
    for row in rows:
        piece.append(row)
        if len(piece) == ROWS_AT_ONCE:
            yield piece
            piece = []
    if piece:
        yield piece


def _copy(folder: Path, target: Path, listed: Iterator[tuple[str, str]], below: str, progress: Progress) -> None:
    """Under their names only when whole, so that an interrupted copy is no document's file."""
    made: set[str] = set()
    for path, digest in listed:
        if not path.startswith(below) or path == HASHES:
            continue
        place = target / path.removeprefix(below)
        make_folder(str(place.parent), made)
        draft = place.with_name(place.name + PART_SUFFIX)
        found, _ = write_synced(draft, chunks_of(folder / path), FILE_MODE)
        if found != digest:
            draft.unlink()
            raise OSError(f"{folder / path} has changed while it was restored")
        draft.rename(place)
        progress(1)
    if made:
        sync_folders(target)
