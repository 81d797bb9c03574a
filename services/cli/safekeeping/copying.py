"""Register log and files on their way into a backup, and whether all that the dumped register names came with them.

Nothing here is as large as the office: folders are read one at a time, rows, lines and the earlier backup one by one.
"""

import contextlib
import gzip
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice, takewhile
from pathlib import Path
from typing import IO, cast

from bson import decode_file_iter

from services.chassis.errors import Failure
from services.cli.safekeeping.manifest import FILES, HASHES, REGISTER, Part, file_hashes
from services.cli.safekeeping.writing import chunks_of, linked, make_private, write_synced
from services.intake.erasure_list import NAME as ERASURES
from services.intake.erasure_list import erased_ids
from services.intake.files import PART_SUFFIX, path_in
from services.intake.register_log import lines

LOG_SUFFIX = ".jsonl"
MISSING_SHOWN = 20
OTHER_FOLDER = "Is this intake's data folder? Name that one with --data (and VANTHU_DATA_FOLDER), where it is mounted"
Progress = Callable[[int], None]


class NotWhole(Failure):
    """What the dumped register names is not in the data folder."""


@dataclass
class Tally:
    files: int = 0
    files_bytes: int = 0


def part_of(path: str, digest: str, size_bytes: int) -> Part:
    return Part(path=path, sha256=digest, size_bytes=size_bytes)


# --- register log --------------------------------------------------------------------------------


def copied_logs(register: Path, draft: Path) -> Iterator[Part]:
    for each in _entries(register, may_be_missing=True):
        if each.name.endswith(LOG_SUFFIX):
            yield _copied_lines(Path(each.path), draft)


def copied_erasures(register: Path, draft: Path) -> Iterator[Part]:
    with contextlib.suppress(FileNotFoundError):
        yield _copied_lines(register / ERASURES, draft)


def _copied_lines(path: Path, draft: Path) -> Part:
    """A line that is being written is left to the next backup."""
    with path.open("rb") as file:
        whole = takewhile(lambda line: line.endswith(b"\n"), file)
        make_private(draft / REGISTER)
        return part_of(f"{REGISTER}/{path.name}", *write_synced(draft / REGISTER / path.name, whole))


def check_log(draft: Path, documents: Part | None, register: Path) -> None:
    """Raises NotWhole where the dumped register has documents and the copied log has none."""
    if documents and documents.rows and next(lines(draft / REGISTER), None) is None:
        raise NotWhole(
            f"The register has {documents.rows:,} documents, and no line of them is in {register}: without register log "
            f"and files this would be no backup. Nothing was written. {OTHER_FOLDER}, then run this again."
        )


# --- files ---------------------------------------------------------------------------------------


def copied_files(source: Path, draft: Path, previous: Path | None, progress: Progress) -> tuple[Part, Tally]:
    """The list of all files with their hashes, in the order of their names."""
    tally = Tally()

    def listed() -> Iterator[bytes]:
        for name, (digest, size) in _files(source, draft / FILES, previous, progress):
            tally.files += 1
            tally.files_bytes += size
            yield f"{digest}  {FILES}/{name}\n".encode()

    return part_of(HASHES, *write_synced(draft / HASHES, listed())), tally


def _files(
    source: Path, target: Path, previous: Path | None, progress: Progress
) -> Iterator[tuple[str, tuple[str, int]]]:
    """Each file's path and `(SHA-256, size)`. A document's file never changes once it has its name."""
    known = _Known(previous)
    for path in _stored(source):
        name = path.relative_to(source).as_posix()
        make_private((target / name).parent)
        if copy := known.linked(path, name, target / name) or _copied(path, target / name):
            yield name, copy
        progress(1)


def _stored(folder: Path) -> Iterator[Path]:
    """Every whole file. Raises OSError for a folder that may not be read: a glob would leave out what is in it."""
    for office in _folders(folder, may_be_missing=True):
        for shard in _folders(office):
            for each in _entries(shard):
                if not each.name.endswith(PART_SUFFIX):
                    yield shard / each.name


def _folders(folder: Path, *, may_be_missing: bool = False) -> list[Path]:
    return [folder / each.name for each in _entries(folder, may_be_missing=may_be_missing) if each.is_dir()]


def _entries(folder: Path, *, may_be_missing: bool = False) -> list[os.DirEntry[str]]:
    """In the order of the paths below them. Before the first document intake has made no folder yet."""
    with contextlib.suppress(*[FileNotFoundError] if may_be_missing else []), os.scandir(folder) as found:
        return sorted(found, key=lambda each: each.name + "/")
    return []


class _Known:
    """The files of the earlier backup, whose list is in the order in which they are asked for."""

    def __init__(self, previous: Path | None) -> None:
        self._previous = previous
        self._listed = file_hashes(previous) if previous else iter(())
        self._next = next(self._listed, None)

    def linked(self, path: Path, name: str, place: Path) -> tuple[str, int] | None:
        """None where it has no such file, or one of another size: then one of the two is damaged."""
        digest = self._digest_of(name)
        if self._previous is None or digest is None:
            return None
        before = self._previous / FILES / name
        with contextlib.suppress(FileNotFoundError):
            size = path.stat().st_size
            if before.stat().st_size == size and linked(before, place):
                return digest, size
        return None

    def _digest_of(self, name: str) -> str | None:
        while self._next and self._next[0] < name:
            self._next = next(self._listed, None)
        return self._next[1] if self._next and self._next[0] == name else None


def _copied(path: Path, target: Path) -> tuple[str, int] | None:
    """None for a file that went to the trash meanwhile: it belonged to no document."""
    try:
        return write_synced(target, chunks_of(path))
    except FileNotFoundError:
        target.unlink(missing_ok=True)
        return None


def count_lost(draft: Path, documents: Part | None, source: Path, *, may_lack: bool) -> int:
    """How many files the dumped register names that are not there. Raises NotWhole unless it `may_lack` them."""
    lost = _lost(draft, documents) if documents else iter(())
    first = list(islice(lost, MISSING_SHOWN))
    more = sum(1 for _ in lost)
    if first and not may_lack:
        others = f" … and {more:,} more; `vanthu check --json` names all" if more else ""
        raise NotWhole(
            f"{len(first) + more:,} documents of the register have no file in {source}: {', '.join(first)}{others}. "
            f"Nothing was written. {OTHER_FOLDER}, then run this again. Are the files lost for good: "
            "--without-lost-files backs up what is there."
        )
    return len(first) + more


def _lost(draft: Path, documents: Part) -> Iterator[str]:
    """What was destroyed meanwhile stands on the list of erasures, which was copied after the files."""
    erased = erased_ids(draft / REGISTER)
    with cast("IO[bytes]", gzip.open(draft / documents.path, "rb")) as packed:
        for row in decode_file_iter(packed):
            named = "file" in row and row["_id"] not in erased
            if named and not path_in(draft / FILES, row["office"], row["_id"]).exists():
                yield row["_id"]
