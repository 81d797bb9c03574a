"""What an earlier, killed Vanthu left running, told apart from strangers that got its process number."""

import time

import psutil

from services.embedded.errors import StartError

PAUSE_SECONDS = 0.05


def left_over_process(note: dict[str, object]) -> psutil.Process | None:
    """The noted process, if that number still belongs to it. Compared by its full command, which names our
    folder; the start time would not do, as it shifts when the machine's clock is set."""
    pid = note.get("pid")
    if not isinstance(pid, int):
        return None
    try:
        process = psutil.Process(pid)
        return process if process.cmdline() == note.get("command") else None
    except psutil.Error:
        return None


def end(process: psutil.Process, name: str, *, within_seconds: float) -> None:
    try:
        process.terminate()
        if not is_gone_within(process, within_seconds):
            process.kill()
            is_gone_within(process, within_seconds)
    except psutil.NoSuchProcess:
        return
    except psutil.AccessDenied as refused:
        raise StartError(
            f"{name} of an earlier run is still there, and belongs to another user.",
            f"As that user, run: kill {process.pid}",
        ) from refused


def is_gone_within(process: psutil.Process, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not is_gone(process):
        if time.monotonic() > deadline:
            return False
        time.sleep(PAUSE_SECONDS)
    return True


def is_gone(process: psutil.Process) -> bool:
    try:
        # In a container without an init process nobody clears away what has ended.
        return bool(process.status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True
