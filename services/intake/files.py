"""Where the documents' bytes are kept: `FOLDER/OFFICE/SHARD/ID`, whole and synced, or not there at all."""

import asyncio
import contextlib
import hashlib
import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol

from services.chassis.owned import give_folder
from services.intake.in_flight import hold_new

SMALL_BYTES = 1024 * 1024
MOST_WAITING_BYTES = 16 * 1024 * 1024
PART_SUFFIX = ".part"


class Draft(Protocol):
    """A file that is being received. Nobody takes it away before `let_go`; `discard` leaves nothing of it."""

    async def write(self, chunk: bytes) -> None: ...

    async def keep(self, approve: Callable[[bytes], None]) -> bytes:
        """The SHA-256 of the file, which is then durable under its name, once `approve` has seen it."""
        ...

    async def discard(self) -> None: ...

    def let_go(self, *, clear: bool) -> None:
        """What became of the number is known; or nobody can tell, and it may still be given in the next seconds."""
        ...


class Files(Protocol):
    """The port of the file store."""

    def begin(self, office: str, document_id: str) -> Draft: ...
    def path_of(self, office: str, document_id: str) -> Path: ...


class LocalFiles:
    """A folder on a disk that obeys fsync."""

    def __init__(self, folder: Path, threads: int) -> None:
        self.folder = folder
        self.trash = folder.parent / "trash"
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="files")
        self._made: set[str] = set()
        self._memory = Memory()

    def path_of(self, office: str, document_id: str) -> Path:
        return path_in(self.folder, office, document_id)

    def begin(self, office: str, document_id: str) -> "LocalDraft":
        folder = f"{self.folder}/{office}/{document_id[-2:]}"
        return LocalDraft(folder, document_id, self._threads, self._made, self._memory)

    def check(self) -> None:
        """Raises OSError where the folder does not take a file."""
        make_folder(str(self.folder), self._made)
        probe = self.folder / f".probe-{os.getpid()}"
        descriptor = os.open(probe, os.O_WRONLY | os.O_CREAT, 0o640)
        try:
            _write(descriptor, [b"vanthu"], sync=True)
        finally:
            os.close(descriptor)
            probe.unlink(missing_ok=True)

    def older_than(self, age_seconds: float) -> Iterator[Path]:
        """Files, whole or partial, that were last written so long ago."""
        limit = time.time() - age_seconds
        for path in self.folder.glob("*/*/*"):
            with contextlib.suppress(FileNotFoundError):
                if path.stat().st_mtime < limit:
                    yield path

    def throw_away(self, path: Path) -> None:
        """Into the trash, where it begins a new age."""
        target = self.trash / path.relative_to(self.folder)
        target.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileNotFoundError):
            path.rename(target)
            target.touch()

    def empty_trash(self, age_seconds: float) -> None:
        limit = time.time() - age_seconds
        for path in self.trash.glob("*/*/*"):
            with contextlib.suppress(FileNotFoundError):
                if path.stat().st_mtime < limit:
                    path.unlink()

    def destroy(self, office: str, document_id: str) -> int:
        """How many files of the document are gone for good: kept, half received, or in the trash."""
        path = self.path_of(office, document_id)
        places = [path, path.with_name(path.name + PART_SUFFIX)]
        places += [self.trash / each.relative_to(self.folder) for each in places]
        return sum(map(take_away, places))

    def with_bytes_of(self, office: str, document_id: str) -> Iterator[Path]:
        """Other files, also in the trash, that are the same as this document's, or half received and begin as it does."""
        path = self.path_of(office, document_id)
        size = path.stat().st_size if path.is_file() else 0
        for each in (*self.folder.glob("*/*/*"), *self.trash.glob("*/*/*")) if size else ():
            with contextlib.suppress(FileNotFoundError):
                length = each.stat().st_size
                alike = 0 < length <= size if each.suffix == PART_SUFFIX else length == size
                if alike and each.name.removesuffix(PART_SUFFIX) != document_id and _begins_with(path, each):
                    yield each

    def close(self) -> None:
        self._threads.shutdown(wait=True)


class Memory:
    """Bytes that wait for the disk, of all drafts together."""

    waiting_bytes = 0


class LocalDraft:
    """Small files are written in one go at the end; larger ones grow on the disk while they arrive.

    When many wait at once, also small ones grow on the disk.
    """

    def __init__(self, folder: str, name: str, threads: ThreadPoolExecutor, made: set[str], memory: Memory) -> None:
        self._folder = folder
        self._path = f"{folder}/{name}"
        self._part = self._path + PART_SUFFIX
        self._threads = threads
        self._made = made
        self._memory = memory
        self._waiting: list[bytes] = []
        self._waiting_bytes = 0
        self._touched = False
        self._descriptor: int | None = None
        self._discarded = False
        self._one_at_a_time = threading.Lock()  # who gave up waiting for a thread has not stopped it
        self._digest = hashlib.sha256()

    async def write(self, chunk: bytes) -> None:
        self._waiting.append(chunk)
        self._waiting_bytes += len(chunk)
        self._memory.waiting_bytes += len(chunk)
        if self._waiting_bytes > SMALL_BYTES or self._memory.waiting_bytes > MOST_WAITING_BYTES:
            self._touched = True
            await self._in_thread(self._spill)
            self._release()

    async def keep(self, approve: Callable[[bytes], None]) -> bytes:
        """Raises OSError when any step fails, or what `approve` raises; the file is then discarded."""
        self._touched = True
        try:
            await self._in_thread(lambda: self._finish(approve))
        except BaseException:
            await self.discard()
            raise
        self._release()
        return self._digest.digest()

    async def discard(self) -> None:
        self._discarded = True  # for a thread that has not begun yet
        self._waiting = []
        self._release()
        if self._touched:
            await asyncio.shield(self._in_thread(self._remove))

    def let_go(self, *, clear: bool) -> None:
        with self._one_at_a_time:
            if not clear and self._descriptor is not None:
                os.utime(self._descriptor)
            self._close()

    async def _in_thread(self, work: Callable[[], None]) -> None:
        await asyncio.get_running_loop().run_in_executor(self._threads, work)

    def _release(self) -> None:
        """On the event loop only, which alone counts."""
        self._memory.waiting_bytes -= self._waiting_bytes
        self._waiting_bytes = 0

    def _spill(self) -> None:
        with self._one_at_a_time:
            self._hash()
            _write(self._opened(), self._waiting, sync=False)
            self._waiting = []

    def _finish(self, approve: Callable[[bytes], None]) -> None:
        with self._one_at_a_time:
            self._waiting = [b"".join(self._waiting)]  # each call that hashes or writes lets the event loop in between
            self._hash()
            approve(self._digest.digest())
            descriptor = self._opened()
            _write(descriptor, self._waiting, sync=True)
            os.rename(self._part, self._path)  # noqa: PTH104 - text paths: this is the busiest line of the service
            sync_folder(self._folder)
            if not os.fstat(descriptor).st_nlink:
                raise FileNotFoundError(f"{self._path} was taken away while it was received")
            self._waiting = []

    def _opened(self) -> int:
        """Opened once: what somebody takes away meanwhile is not begun anew in the middle."""
        if self._discarded:
            raise FileNotFoundError(f"{self._part} was discarded")
        if self._descriptor is None:
            make_folder(self._folder, self._made)
            self._descriptor = hold_new(self._part)
        return self._descriptor

    def _hash(self) -> None:
        """Here and not where the bytes arrive: hashing lets other threads run, and the event loop would wait."""
        for chunk in self._waiting:
            self._digest.update(chunk)

    def _remove(self) -> None:
        with self._one_at_a_time:
            Path(self._part).unlink(missing_ok=True)
            Path(self._path).unlink(missing_ok=True)
            self._close()

    def _close(self) -> None:
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)


def path_in(folder: Path, office: str, document_id: str) -> Path:
    return folder / office / document_id[-2:] / document_id


def take_away(path: Path) -> bool:
    """For good; whether it was there."""
    try:
        path.unlink()
    except FileNotFoundError:
        return False
    sync_folder(str(path.parent))
    return True


def _begins_with(whole: Path, part: Path) -> bool:
    with whole.open("rb") as one, part.open("rb") as other:
        while piece := other.read(SMALL_BYTES):
            if one.read(len(piece)) != piece:
                return False
    return True


def make_folder(folder: str, made: set[str]) -> None:
    """Durably, with its parents; `made` remembers those whose names this process knows to be on the disk.

    A folder that is there may have been made a moment ago by another thread, or by a process that was killed before
    it could sync: whoever relies on it syncs its name once more.
    """
    if folder in made:
        return
    path = Path(folder)
    foreign = path.exists()
    if not foreign:
        make_folder(str(path.parent), made)
        path.mkdir(mode=0o750, exist_ok=True)
        give_folder(path)
    # who may not read the folder around has not made this one
    with contextlib.suppress(*[PermissionError] if foreign else []):
        sync_folder(str(path.parent))
    made.add(folder)


def sync_folder(folder: str) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write(descriptor: int, chunks: list[bytes], *, sync: bool) -> None:
    write_all(descriptor, b"".join(chunks))
    if sync:
        os.fsync(descriptor)


def write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
