"""Who a file belongs to: what a command writes into a service's folder, the service has to be able to write on."""

import os
from pathlib import Path

from services.chassis.errors import Failure


class ForeignFolder(Failure):
    """Neither its owner nor root asks: a file made there could not be written by the service."""


def check_owner(folder: Path) -> None:
    """Raises ForeignFolder. For commands, before they change anything; root may, because it gives its files away."""
    owner, own = folder.stat().st_uid, os.geteuid()
    if own not in {0, owner}:
        raise ForeignFolder(
            f"{folder} belongs to user {owner}, and this command runs as user {own}: the services could not write what "
            f"it makes there. Nothing was changed. Run it as that user (sudo -u '#{owner}' …) or as root."
        )


def open_owned(path: Path, flags: int, mode: int) -> int:
    """The descriptor of a file that belongs, also when root makes it, to whom its folder belongs. Raises OSError."""
    descriptor = os.open(path, flags, mode)
    try:
        _give(descriptor, path.parent)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def give_folder(folder: Path) -> None:
    """A folder that root has just made, to whom the folder around it belongs."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        _give(descriptor, folder.parent)
    finally:
        os.close(descriptor)


def _give(descriptor: int, folder: Path) -> None:
    if os.geteuid() != 0:
        return
    owner, has = folder.stat(), os.fstat(descriptor)
    if (has.st_uid, has.st_gid) != (owner.st_uid, owner.st_gid):
        os.fchown(descriptor, owner.st_uid, owner.st_gid)
