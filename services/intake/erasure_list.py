"""Beside the register log, a synced list of what must be destroyed: a backup that is older than it still obeys it.

It is also how writers of the register log hear of an erasure. Each takes the words out of its own file before it
writes on, and notes there how much of the list it has obeyed; a file that nobody holds is obeyed by whoever erases.
"""

import fcntl
import os
from collections.abc import Collection
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from services.chassis.owned import open_owned
from services.intake.files import make_folder, sync_folder, write_all
from services.intake.sealing import blank_line

NAME = "erasures.list"
OBEYED = "erasures_obeyed"  # in a register log: bytes of the list whose erasures this file has gone through


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


def erased_ids(folder: Path) -> dict[str, datetime]:
    """Every document that was ordered to be destroyed, and when."""
    path = folder / NAME
    lines = map(read_line, path.read_bytes().splitlines() if path.exists() else [])
    return {line["id"]: datetime.fromisoformat(line["at"]) for line in lines if line and "at" in line}


def size_of_list(folder: Path) -> int:
    """In bytes; it only grows."""
    try:
        return (folder / NAME).stat().st_size
    except FileNotFoundError:
        return 0


def obeyed_bytes(path: Path) -> int:
    """How much of the list this register log has gone through."""
    notes = (read_line(text) for text in path.read_bytes().splitlines() if OBEYED.encode() in text)
    return max((note.get(OBEYED, 0) for note in notes if note), default=0)


def rewritten(path: Path, ids: Collection[str], obeyed: int) -> int:
    """The locked descriptor of the file that has taken the path's place: without words of these documents.

    The caller holds the lock of the old one until then. A line that a crash tore goes, too: it may hold such words.
    """
    draft = path.with_name(f".{path.name}.new")
    descriptor = open_owned(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o640)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        for text in path.read_bytes().splitlines():
            line = read_line(text)
            if line and OBEYED not in line:
                write_all(descriptor, _line(blank_line(line)) if line.get("id") in ids else text + b"\n")
        write_all(descriptor, _line({OBEYED: obeyed}))
        os.fsync(descriptor)
        draft.rename(path)
        sync_folder(str(path.parent))
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def obey_where_nobody_writes(folder: Path) -> list[Path]:
    """Rewrite the files that no process holds; which files still hold words, because their holder has not obeyed yet."""
    size, ids = size_of_list(folder), erased_ids(folder)
    behind = (path for path in sorted(folder.glob("*.jsonl")) if obeyed_bytes(path) < size)
    return [path for path in behind if not _obeyed_now(path, ids, size)]


def _obeyed_now(path: Path, ids: Collection[str], size: int) -> bool:
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if not is_still(descriptor, path):
            return False
        os.close(rewritten(path, ids, size))
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
