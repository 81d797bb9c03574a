"""Disks that are full, for real, and disks that do not sync."""

import contextlib
import errno
import functools
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

BLOCK_BYTES = 64 * 1024
NEEDS_ROOT = (
    "A full disk is tried with a small one, and only root may mount it ({why}). Run the fault tests as root, as in "
    "`sudo make faults`, or in a container with `--cap-add SYS_ADMIN`; or leave these out: pytest -k 'not no_room'."
)


@dataclass(frozen=True)
class SmallDisk:
    """A file system of its own, mounted at the folder."""

    folder: Path

    def fill(self) -> None:
        """To the last byte."""
        with self._ballast.open("ab", buffering=0) as file:
            for size in (BLOCK_BYTES, 4096, 1):
                with contextlib.suppress(OSError):
                    while file.write(bytes(size)):
                        pass

    def free(self) -> None:
        self._ballast.unlink()

    @property
    def _ballast(self) -> Path:
        return self.folder / ".ballast"


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[SmallDisk]:
    """Fails where this process may not mount a file system."""
    folder.mkdir(parents=True, exist_ok=True)
    asked = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=0700", "vanthu-test", str(folder)]
    mounted = subprocess.run(asked, capture_output=True, text=True, check=False)
    assert not mounted.returncode, NEEDS_ROOT.format(why=mounted.stderr.strip())
    try:
        yield SmallDisk(folder)
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fail_syncs(while_there: Path, under: Path) -> None:
    """From now on, for this process: no sync of that folder and what is in it succeeds as long as the file is there,
    which counts them in its size.
    """
    original, folder = os.fsync, under.resolve()

    @functools.wraps(original)
    def failing(fd: Any) -> None:
        if not while_there.exists() or not _path_of(fd).is_relative_to(folder):
            return original(fd)
        with while_there.open("ab") as count:
            count.write(b".")
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    os.fsync = failing


def _path_of(fd: Any) -> Path:
    number = fd if isinstance(fd, int) else fd.fileno()
    return Path(f"/proc/self/fd/{number}").readlink()
