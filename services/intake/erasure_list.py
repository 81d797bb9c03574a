"""Beside the register log, a synced list of what must be destroyed: a backup that is older than it still obeys it.

It is also how writers of the register log hear of an erasure. Each takes the words out of its own file before it
writes on, and notes there which list it has obeyed; a file that nobody holds is obeyed by whoever erases.
"""

import fcntl
import hashlib
import os
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from services.chassis.owned import open_owned
from services.intake.files import make_folder, sync_folder, write_all
from services.intake.sealing import blank_line

NAME = "erasures.list"
OBEYED = "erasures_obeyed"  # in a register log's first line: the mark of the list that this file has gone through
LONGEST_NOTE_BYTES = 1000
WRITE_BYTES = 1024 * 1024


def order(folder: Path, document_id: str, at: datetime) -> None:
    """Returns when the list has the document on the disk; a repeat adds nothing."""
    if document_id in erased_ids(folder):
        return
    make_folder(str(folder), set())
    descriptor = open_owned(folder / NAME, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o640)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        write_all(descriptor, b"\n" + orjson.dumps({"id": document_id, "at": at}) + b"\n")
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    sync_folder(str(folder))


@dataclass(frozen=True)
class Erased:
    """The list as it stands. `mark` is of exactly this content, and empty where there is no list."""

    ids: dict[str, datetime]
    mark: str


def erased_ids(folder: Path) -> dict[str, datetime]:
    """Every document that was ordered to be destroyed, and when."""
    return read_list(folder).ids


def read_list(folder: Path) -> Erased:
    try:
        content = (folder / NAME).read_bytes()
    except FileNotFoundError:
        return Erased({}, "")
    lines = map(read_line, content.splitlines())
    ids = {line["id"]: datetime.fromisoformat(line["at"]) for line in lines if line and "at" in line}
    return Erased(ids, hashlib.sha256(content).hexdigest())


def stamp_of_list(folder: Path) -> tuple[int, ...]:
    """Another one once the list has changed, for whoever looks often."""
    try:
        found = (folder / NAME).stat()
    except FileNotFoundError:
        return ()
    return found.st_ino, found.st_size, found.st_mtime_ns


def obeyed_mark(path: Path) -> str:
    """Of the list that this register log has gone through: a rewriting notes it in the first line."""
    with path.open("rb") as file:
        note = read_line(file.readline(LONGEST_NOTE_BYTES))
    return str(note.get(OBEYED, "")) if note else ""


def rewritten(path: Path, erased: Erased) -> int:
    """The locked descriptor of the file that has taken the path's place: without words of these documents.

    The caller holds the lock of the old one until then. A line that a crash tore goes, too: it may hold such words.
    """
    draft = path.with_name(f".{path.name}.new")
    descriptor = open_owned(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o640)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        with open(descriptor, "ab", buffering=WRITE_BYTES, closefd=False) as file:
            file.write(_line({OBEYED: erased.mark}))
            file.writelines(_lines_without(path, erased.ids))
        os.fsync(descriptor)
        draft.rename(path)
        sync_folder(str(path.parent))
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _lines_without(path: Path, ids: Collection[str]) -> Iterator[bytes]:
    """One at a time: a log of years is rewritten in little memory."""
    with path.open("rb") as file:
        for text in file:
            line = read_line(text)
            if line and OBEYED not in line:
                yield _line(blank_line(line)) if line.get("id") in ids else text.rstrip(b"\r\n") + b"\n"


def obey_where_nobody_writes(folder: Path) -> list[Path]:
    """Rewrite the files that no process holds; which files still hold words, because their holder has not obeyed yet.

    A backup may bring back a shorter list than the one that a file has gone through: then it goes through that one.
    """
    erased = read_list(folder)
    behind = [path for path in sorted(folder.glob("*.jsonl")) if obeyed_mark(path) != erased.mark]
    return [path for path in behind if not _obeyed_now(path, erased)]


def _obeyed_now(path: Path, erased: Erased) -> bool:
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if not is_still(descriptor, path):
            return False
        os.close(rewritten(path, erased))
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True


def is_still(descriptor: int, path: Path) -> bool:
    """Whether the path still leads to this file: a rewriting may have replaced it before our lock."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


def read_line(text: bytes) -> dict[str, Any] | None:
    try:
        line = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return line if isinstance(line, dict) else None


def _line(said: dict[str, Any]) -> bytes:
    return orjson.dumps(said, option=orjson.OPT_APPEND_NEWLINE)
