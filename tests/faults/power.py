"""A power cut: what a process had not synced is taken from the disk after its death.

A process of the launcher notes each sync when it has returned, and before its caller goes on: whoever was
answered relies on nothing but what is noted. What was in a folder before the first sync is not known to be
safe, so all processes of a test have to keep the same notes (`SYNCED`), one process after the other.
"""

import functools
import json
import operator
import os
import shutil
import stat
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ONE_AT_A_TIME = threading.Lock()


def note_syncs(notes: Path) -> None:
    """From now on, for this process."""
    descriptor = os.open(notes, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    original = os.fsync

    @functools.wraps(original)
    def noting(fd: Any) -> None:
        line = _state(fd)  # what comes while the sync is under way may miss it
        original(fd)
        os.write(descriptor, json.dumps(line).encode() + b"\n")

    os.fsync = noting


def _state(fd: int) -> dict[str, Any]:
    with ONE_AT_A_TIME:
        at, status = time.monotonic_ns(), os.fstat(fd)
        if stat.S_ISDIR(status.st_mode):
            folder = str(Path(f"/proc/self/fd/{fd}").readlink())
            return {"at": at, "folder": folder, "names": sorted(os.listdir(fd))}
        return {"at": at, "inode": status.st_ino, "size": status.st_size}


def cut(folder: Path, notes: Path) -> int:
    """Takes from the folder all names and bytes that were not synced; how many names and files lost something."""
    names: dict[str, set[str]] = {}
    sizes: dict[int, int] = {}
    # of two syncs at once the one that began later knows more, also when it is the first that returns
    for line in sorted(map(json.loads, notes.read_text().splitlines()), key=operator.itemgetter("at")):
        if "folder" in line:
            names[line["folder"]] = set(line["names"])
        else:
            sizes[line["inode"]] = line["size"]
    return sum(_lost(path, names, sizes) for path in list(_leaves_first(folder)))


def _leaves_first(folder: Path) -> Iterator[Path]:
    for parent, folders, files in os.walk(folder, topdown=False):
        for name in (*files, *folders):
            yield Path(parent) / name


def _lost(path: Path, names: dict[str, set[str]], sizes: dict[int, int]) -> bool:
    if path.name not in names.get(str(path.parent), set()):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
        return True
    if path.is_file() and (size := sizes.get(path.stat().st_ino, 0)) < path.stat().st_size:
        os.truncate(path, size)
        return True
    return False
