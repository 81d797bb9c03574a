"""One server as a child process: its log, its end, and what an earlier one left running."""

import ctypes
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from services.embedded.errors import StartError
from services.embedded.folder import DataFolder
from services.embedded.left_over import end, left_over_process

STOP_SECONDS = 30.0
SHOWN_LOG_LINES, SHOWN_LINE_LENGTH = 15, 300
PR_SET_PDEATHSIG = 1


class ServerProcess:
    def __init__(self, name: str, folder: DataFolder, say: Callable[[str], None]) -> None:
        self.name = name
        self.log = folder.logs / f"{name}.log"
        self._folder = folder
        self._say = say
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        return self._child.pid if self._child else None

    @property
    def running(self) -> bool:
        return self._child is not None and self._child.poll() is None

    def launch(self, command: list[str], working_folder: Path) -> None:
        with self.log.open("ab") as log:
            self._child = subprocess.Popen(
                command,
                cwd=working_folder,
                env=child_environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                # Ctrl-C in the terminal is for the services; they still need their servers to finish.
                start_new_session=True,
                umask=0o077,
                preexec_fn=end_with_parent(),  # noqa: PLW1509 - see there: only from the main thread
            )
        self._folder.note(self._note_name, {"pid": self._child.pid, "command": command})

    def ask_to_stop(self) -> None:
        if self._child and self.running:
            self._child.terminate()

    def wait_until_stopped(self) -> None:
        if self._child is None:
            return
        try:
            self._child.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._say(f"{self.name} did not stop within {STOP_SECONDS:.0f} s and was killed; see {self.log}")
            self._child.kill()
            self._child.wait()
        self._folder.forget(self._note_name)
        self._child = None

    def rotate_log(self) -> None:
        if self.log.exists():
            self.log.replace(self.log.with_suffix(".log.1"))

    def require_running(self) -> None:
        if not self.running:
            code = self._child.returncode if self._child else None
            raise StartError(f"{self.name} ended with code {code} while it was started.", self.log_excerpt())

    def log_excerpt(self) -> str:
        try:
            lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            lines = []
        shown = "".join(f"\n  | {line[:SHOWN_LINE_LENGTH]}" for line in lines[-SHOWN_LOG_LINES:])
        return f"The last lines of {self.log}:{shown}"

    def stop_left_over(self) -> None:
        """Stops the server that an earlier, killed Vanthu started in this folder, and nothing else."""
        note = self._folder.recall(self._note_name)
        left_over = left_over_process(note)
        if left_over is not None:
            self._say(f"{self.name} of an earlier run is still there (process {left_over.pid}); stopping it")
            end(left_over, self.name, within_seconds=STOP_SECONDS)
        self._folder.forget(self._note_name)

    @property
    def _note_name(self) -> str:
        return f"{self.name}.process.json"


def child_environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("VANTHU_")}
    # Without it Java can't open a folder whose name has Vietnamese letters.
    return {**kept, "LC_ALL": "C.UTF-8"}


def end_with_parent() -> Callable[[], None] | None:
    """Has Linux send SIGTERM to the child when this process dies, however it dies. The kernel looks at the
    thread that forked, not at the process, so it is only right when that is the main thread; servers
    started from another thread, or on macOS, are found as left over by the next start."""
    if sys.platform != "linux" or threading.current_thread() is not threading.main_thread():
        return None
    parent, prctl = os.getpid(), ctypes.CDLL(None).prctl

    def set_signal() -> None:
        prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGTERM)

    return set_signal
