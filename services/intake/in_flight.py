"""Which files belong to an upload that has no number yet: whoever takes files away leaves those alone.

The process that receives a file holds a lock on it until it knows what became of the number, and loses it when it
dies. So this depends on no clock, and the same lock as the register log's has to work on the disk.
"""

import fcntl
import os
import time
from pathlib import Path

UNCLEAR_SECONDS = 10.0
"""How long the database may take to end a transaction whose process has died; a little more than
`LONGEST_TRANSACTION_SECONDS`."""


def hold_new(path: str) -> int:
    """A new file, held until the descriptor is closed. Raises OSError, also where there is such a file already."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o640)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def is_held(path: Path) -> bool:
    """Whether an upload, of whichever process, writes it or waits for its number."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def may_get_a_number(path: Path) -> bool:
    """Whether it is held, or was lately: what is true of the register now may not be in a moment."""
    try:
        age_seconds = abs(time.time() - path.stat().st_mtime)
    except FileNotFoundError:
        return False
    return age_seconds < UNCLEAR_SECONDS or is_held(path)
