"""Beside the files, one synced line per numbered document: the register can be rebuilt from it alone.

A document may stand in several lines (a sweep repeats what a crash may have left out); readers take one.
Lines of an erased document hold its number only, whoever writes them.
"""

import asyncio
import contextlib
import fcntl
import os
import platform
import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import orjson

from services.chassis.owned import open_owned
from services.intake.erasure_list import is_still, read_line, read_list, rewritten, stamp_of_list
from services.intake.files import make_folder, sync_folder, write_all
from services.intake.sealing import blank_line

MOST_WRITERS = 256


class RegisterLog:
    """This process's file; a lock keeps other processes of the host out of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="register-log")
        self._descriptor: int | None = None
        self._path = folder
        self._obeyed_stamp: tuple[int, ...] = ()
        self._erased: frozenset[str] = frozenset()

    async def append(self, lines: Sequence[dict[str, Any]]) -> None:
        """Returns when all lines are on the disk. Raises OSError; then any number of them may be."""
        if lines:
            loop = asyncio.get_running_loop()
            await asyncio.shield(loop.run_in_executor(self._thread, self._append, lines))

    async def obey_erasures(self) -> None:
        """Take out of this process's file what was ordered to be destroyed since the last look. Raises OSError."""
        await asyncio.shield(asyncio.get_running_loop().run_in_executor(self._thread, self._obey))

    def _obey(self) -> None:
        stamp = stamp_of_list(self.folder)
        if stamp == self._obeyed_stamp:
            return
        erased = read_list(self.folder)
        if self._descriptor is not None:
            old, self._descriptor = self._descriptor, rewritten(self._path, erased)
            os.close(old)
        self._erased, self._obeyed_stamp = frozenset(erased.ids), stamp

    def close(self) -> None:
        self._thread.shutdown(wait=True)
        self._let_go()

    def _append(self, lines: Sequence[dict[str, Any]]) -> None:
        try:
            descriptor = self._open()
            text = b"".join(orjson.dumps(self._allowed(line), option=orjson.OPT_APPEND_NEWLINE) for line in lines)
            write_all(descriptor, text)
            os.fsync(descriptor)
        except OSError:
            self._let_go()  # after a failed sync the kernel's pages say nothing about the disk
            raise

    def _allowed(self, line: dict[str, Any]) -> dict[str, Any]:
        return blank_line(line) if line["id"] in self._erased else line

    def _open(self) -> int:
        if self._descriptor is None:
            make_folder(str(self.folder), set())
            self._descriptor = self._lock_one()
            os.write(self._descriptor, b"\n")  # ends a line that a crash tore
            sync_folder(str(self.folder))
            self._obeyed_stamp = ()
        self._obey()
        return self._descriptor

    def _lock_one(self) -> int:
        host = re.sub(r"[^A-Za-z0-9.-]", "-", platform.node()) or "host"
        for place in range(MOST_WRITERS):
            path = self.folder / f"{host}-{place}.jsonl"
            descriptor = open_owned(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o640)
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if is_still(descriptor, path):
                    self._path = path
                    return descriptor
            os.close(descriptor)
        raise OSError(f"{MOST_WRITERS} processes hold register logs in {self.folder}")

    def _let_go(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def has_line_of(folder: Path, document_id: str) -> bool:
    """Whether the document was ever numbered here; true also when it is erased."""
    return any(line["id"] == document_id for line in lines(folder))


def entries(folder: Path) -> Iterator[dict[str, Any]]:
    """Every numbered document once, from all writers' files; torn lines are skipped."""
    seen: set[str] = set()
    for line in lines(folder):
        if line["id"] not in seen:
            seen.add(line["id"])
            yield line


def lines(folder: Path) -> Iterator[dict[str, Any]]:
    """Every line that is whole, repeats included."""
    for path in sorted(folder.glob("*.jsonl")):
        with path.open("rb") as file:
            for text in file:
                if (line := read_line(text)) and "id" in line:
                    yield line


def highest_numbers(folder: Path) -> dict[tuple[str, str, int], int]:
    """The highest number that was ever given, by office, book and year: of all lines, also where they contradict."""
    highest: dict[tuple[str, str, int], int] = {}
    for line in lines(folder):
        place = (line["office"], line["book"], line["year"])
        highest[place] = max(line["number"], highest.get(place, 0))
    return highest
