"""Private files and folders that are on the disk when a function returns."""

import hashlib
import os
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from services.chassis.owned import open_owned

PRIVATE_FILE, PRIVATE_FOLDER = 0o600, 0o700
CHUNK_BYTES = 1024 * 1024


def make_private(folder: Path) -> Path:
    """The folder with its parents, which only their owner may enter."""
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    for each in reversed(missing):
        each.mkdir(mode=PRIVATE_FOLDER)
    return folder


def write_synced(path: Path, chunks: Iterable[bytes], mode: int = PRIVATE_FILE) -> tuple[str, int]:
    """SHA-256 and size of what was written; it belongs to whom its folder belongs, also when root asks."""
    digest, size = hashlib.sha256(), 0
    descriptor = open_owned(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "wb") as file:
        for chunk in chunks:
            digest.update(chunk)
            size += len(chunk)
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())
    return digest.hexdigest(), size


def synced(path: Path) -> tuple[str, int]:
    """SHA-256 and size of a file that somebody else has written; it is private and on the disk now."""
    with path.open("rb") as file:
        os.fchmod(file.fileno(), PRIVATE_FILE)
        os.fsync(file.fileno())
        return hashlib.file_digest(file, "sha256").hexdigest(), path.stat().st_size


def chunks_of(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk


def linked(known: Path, path: Path) -> bool:
    """Whether `path` is now another name of `known`, which never changes; not so across file systems."""
    try:
        path.hardlink_to(known)
    except OSError:
        return False
    return True


def sync_folders(folder: Path) -> None:
    """The names of all that lies below."""
    for each in [folder, *(path for path in folder.rglob("*") if path.is_dir())]:
        descriptor = os.open(each, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def start_afresh(folder: Path) -> Path:
    """An empty private folder, whatever an interrupted run has left there."""
    if folder.exists():
        shutil.rmtree(folder)
    return make_private(folder)
