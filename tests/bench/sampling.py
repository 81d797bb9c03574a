"""Where a process spends its CPU time: every few milliseconds of it, what its main thread is in the middle of.

A timer of the process's own CPU time interrupts it; the main thread's CPU time since the last look is put to the
place where it stands, that of other threads to their names. Nothing is read but code objects and clocks: locals
and other threads' frames can crash a process that is looked at in the middle of something.
"""

import atexit
import contextlib
import json
import os
import re
import signal
import threading
import time
from collections import defaultdict
from pathlib import Path
from types import FrameType
from typing import NamedTuple

VARIABLE = "VANTHU_BENCH_PROFILE"
INTERVAL_SECONDS = 0.005
KEEP_EVERY = 600  # looks: a process that is killed has kept nearly all
THREADS_EVERY = 40
SERVICES = ("intake", "routing", "notify", "reporting")
SHARED, THREAD = "shared", "thread"
BETWEEN = " > "


class Place(NamedTuple):
    """`chain` are our own functions from the outermost to the one at `line`; `leaf` is what really runs there."""

    service: str
    chain: str
    line: str
    package: str
    leaf: str


class Sampler:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._seconds: defaultdict[Place, float] = defaultdict(float)
        self._main_spent = 0.0
        self._threads_spent: dict[int, float] = {}
        self._looks = 0

    def begin(self) -> None:
        """Call in the main thread. The figures are written now and then, and when the process ends in order."""
        self._main_spent = time.thread_time()
        signal.signal(signal.SIGPROF, self._interrupt)
        signal.setitimer(signal.ITIMER_PROF, INTERVAL_SECONDS, INTERVAL_SECONDS)
        atexit.register(self._end)

    def _end(self) -> None:
        signal.setitimer(signal.ITIMER_PROF, 0)
        self._look_at_threads()
        self._save()

    def _save(self) -> None:
        rows = [[*place, round(seconds, 4)] for place, seconds in self._seconds.items()]
        self._path.write_text(json.dumps({"pid": os.getpid(), "places": rows}), encoding="utf-8")

    def _interrupt(self, signum: int, frame: FrameType | None) -> None:
        # whatever goes wrong here would be raised in the middle of somebody else's work
        with contextlib.suppress(Exception):
            self._look(frame)
            if self._looks % THREADS_EVERY == 0:
                self._look_at_threads()
            if self._looks % KEEP_EVERY == 0:
                self._save()

    def _look(self, frame: FrameType | None) -> None:
        self._looks += 1
        spent = time.thread_time()
        if frame is not None:
            self._seconds[place_of(frame)] += spent - self._main_spent
        self._main_spent = spent

    def _look_at_threads(self) -> None:
        for thread in threading._active.copy().values():  # type: ignore[attr-defined]
            if thread is threading.main_thread() or thread.native_id is None:
                continue
            with contextlib.suppress(OSError):
                spent = spent_by(thread.native_id)
                name = re.sub(r"[-_]?[0-9].*$", "", thread.name)
                before = self._threads_spent.get(thread.native_id, 0.0)
                self._seconds[Place(THREAD, name, "", THREAD, name)] += spent - before
                self._threads_spent[thread.native_id] = spent


def spent_by(native_id: int) -> float:
    """CPU seconds of a thread so far; raises OSError for one that has gone (its clock would crash the process)."""
    with open(f"/proc/self/task/{native_id}/schedstat", "rb", buffering=0) as stat:  # noqa: PTH123
        return int(stat.read().split()[0]) / 1e9


def begin_if_asked() -> None:
    """In a process that the benchmark wants to know about."""
    if path := os.environ.get(VARIABLE):
        Sampler(Path(path)).begin()


def place_of(frame: FrameType) -> Place:
    service, line, chain = SHARED, "", []
    step: FrameType | None = frame
    while step is not None:
        if ours := _ours(step):
            line = line or f"{ours}:{step.f_lineno}"
            chain.append(f"{ours} {step.f_code.co_qualname}")
            service = _service(ours) if service == SHARED else service
        step = step.f_back
    return Place(service, BETWEEN.join(reversed(chain)), line, _package(frame), _name(frame))


def _ours(frame: FrameType) -> str:
    """The file below `services/`, or nothing; the command below everything else says nothing."""
    _, found, rest = frame.f_code.co_filename.rpartition("/services/")
    return rest if found and "site-packages" not in rest and not rest.startswith("cli/") else ""


def _service(file: str) -> str:
    first = file.partition("/")[0]
    return first if first in SERVICES else SHARED


def _package(frame: FrameType) -> str:
    path = frame.f_code.co_filename
    if ours := _ours(frame):
        return f"services.{ours.partition('/')[0]}"
    _, found, rest = path.rpartition("site-packages/")
    if found:
        return rest.partition("/")[0].removesuffix(".py")
    return rest.rpartition("/python3.11/")[2].partition("/")[0].removesuffix(".py") or path


def _name(frame: FrameType) -> str:
    return f"{Path(frame.f_code.co_filename).name}:{frame.f_code.co_qualname}"
