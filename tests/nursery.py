"""Processes of the product that need not import it: one that has imported everything forks each that is asked for.

Importing costs seconds of CPU, and the tests start hundreds of processes. What is started here is a process
like any other and a child of the test's own, with arguments, environment and output of its own. Where a fork would
not do (another system than Linux, a library to be preloaded) a new interpreter is started.
"""

import atexit
import ctypes
import functools
import gc
import json
import os
import runpy
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib import import_module
from io import BufferedRWPair
from pathlib import Path
from subprocess import CompletedProcess

from services.cli.main import COMMANDS
from services.embedded.process import PR_SET_PDEATHSIG, end_with_parent

ROOT = Path(__file__).parents[1]
PR_SET_CHILD_SUBREAPER = 36
SERVICES = ("intake", "routing", "notify", "reporting")
KNOWN_BEFOREHAND = (
    *(f"services.{each}.app" for each in SERVICES),
    *sorted({f"services.cli.{module}" for module, _ in COMMANDS.values()}),
    *(f"tests.faults.{each}" for each in ("disk", "power")),
)


@dataclass(frozen=True)
class Job:
    """`module` is run as by `python -m`; what it says is appended to the files."""

    module: str
    arguments: Sequence[str]
    env: Mapping[str, str]
    stdout: str
    stderr: str


class Forked:
    """A child of this process that another forked; to be used like a `subprocess.Popen`."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None

    def poll(self) -> int | None:
        if self.returncode is None:
            self._take(*os.waitpid(self.pid, os.WNOHANG))
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Raises TimeoutError."""
        ends = None if timeout is None else time.monotonic() + timeout
        while self.poll() is None:
            if ends and time.monotonic() > ends:
                raise TimeoutError(f"process {self.pid} has not ended within {timeout} s")
            time.sleep(0.005)
        assert self.returncode is not None
        return self.returncode

    def kill(self) -> None:
        if self.poll() is None:
            os.kill(self.pid, signal.SIGKILL)

    def _take(self, pid: int, status: int) -> None:
        if pid:
            self.returncode = os.waitstatus_to_exitcode(status)


class Nursery:
    """Ends when this process does: nobody holds the other end of its socket then."""

    def __init__(self) -> None:
        assert ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0  # what it leaves becomes our child
        self._lock = threading.Lock()
        self._here, there = socket.socketpair()
        with there:
            command = [sys.executable, "-m", "tests.nursery", str(there.fileno()), str(os.getpid())]
            self._process = subprocess.Popen(command, cwd=ROOT, pass_fds=[there.fileno()], start_new_session=True)
        self._talk = self._here.makefile("rwb")
        atexit.register(self.close)

    def close(self) -> None:
        self._talk.close()
        self._here.close()
        self._process.wait()

    def fork(self, job: Job) -> Forked:
        with self._lock:
            self._talk.write(json.dumps(asdict(job)).encode() + b"\n")
            self._talk.flush()
            return Forked(int(self._talk.readline()))


@functools.cache
def nursery() -> Nursery:
    return Nursery()


def start(job: Job) -> "Forked | subprocess.Popen[bytes]":
    if sys.platform == "linux" and "LD_PRELOAD" not in job.env:
        return nursery().fork(job)
    with Path(job.stdout).open("ab") as out, Path(job.stderr).open("ab") as err:
        return subprocess.Popen(
            [sys.executable, "-m", job.module, *job.arguments],
            env=dict(job.env),
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            start_new_session=True,
            preexec_fn=end_with_parent(),  # noqa: PLW1509 - see there
        )


def run(module: str, arguments: Sequence[str], env: Mapping[str, str], seconds: float) -> CompletedProcess[str]:
    """To its end, with what it said. Raises TimeoutError."""
    with tempfile.TemporaryDirectory(prefix="vanthu-said-") as folder:
        out, err = Path(folder) / "out", Path(folder) / "err"
        code = start(Job(module, arguments, env, str(out), str(err))).wait(seconds)
        return CompletedProcess([module, *arguments], code, out.read_text(), err.read_text())


def _serve(talk: BufferedRWPair, tester: int) -> Job | None:
    """Comes back with a job in each process that is forked, and with nothing when nobody asks any more."""
    for line in iter(talk.readline, b""):
        reading, writing = os.pipe()
        between = os.fork()  # forked twice: what has lost its parent becomes a child of the tester
        if not between:
            pid = os.fork()
            if not pid:
                os.close(writing)
                os.close(reading)
                _wait_for_parent(tester)
                return Job(**json.loads(line))
            os.write(writing, b"%d\n" % pid)
            os._exit(0)
        os.waitpid(between, 0)
        talk.write(os.read(reading, 20))
        talk.flush()
        os.close(writing)
        os.close(reading)
    return None


def _wait_for_parent(tester: int) -> None:
    while os.getppid() != tester:
        time.sleep(0.001)


def _become(job: Job) -> None:
    """Before anything runs that would look at the environment."""
    os.setsid()
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    os.environ.clear()
    os.environ.update(job.env)
    time.tzset()
    for number, name in ((0, os.devnull), (1, job.stdout), (2, job.stderr)):
        file = os.open(name, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        os.dup2(file, number)
        os.close(file)
    sys.argv = [job.module, *job.arguments]


def _main(descriptor: int, tester: int) -> None:
    for each in KNOWN_BEFOREHAND:
        import_module(each)
    assert threading.active_count() == 1, "a thread would not be there after a fork"
    gc.freeze()
    with socket.socket(fileno=descriptor) as channel, channel.makefile("rwb") as talk:
        job = _serve(talk, tester)
    if job:
        _become(job)
        runpy.run_module(job.module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    _main(*map(int, sys.argv[1:]))
