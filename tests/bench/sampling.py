"""Where a process spends its CPU time: every few milliseconds of it, what each thread is in the middle of.

A timer of the process's own CPU time interrupts it; each thread's CPU time since the last look is put to the
place where that thread stands. Nothing is installed in the process and an idle process is not disturbed.
"""

import atexit
import json
import os
import signal
import sys
import threading
import time
from collections import defaultdict
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

VARIABLE = "VANTHU_BENCH_PROFILE"
INTERVAL_SECONDS = 0.005
KEEP_EVERY = 400  # looks: a process that is killed has kept nearly all
SERVICES = ("intake", "routing", "notify", "reporting")
SHARED = "shared"


class Place(NamedTuple):
    """`owner` is the innermost function of ours, `leaf` the function that really runs and `package` whose it is."""

    service: str
    owner: str
    package: str
    leaf: str


class Sampler:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._seconds: defaultdict[Place, float] = defaultdict(float)
        self._last: dict[int, float] = {}
        self._looks = 0

    def begin(self) -> None:
        """Call in the main thread. The figures are written now and then, and when the process ends in order."""
        signal.signal(signal.SIGPROF, self._look)
        signal.setitimer(signal.ITIMER_PROF, INTERVAL_SECONDS, INTERVAL_SECONDS)
        atexit.register(self._end)

    def _end(self) -> None:
        signal.setitimer(signal.ITIMER_PROF, 0)
        self._save()

    def _save(self) -> None:
        rows = [[*place, round(seconds, 4)] for place, seconds in self._seconds.items()]
        self._path.write_text(json.dumps({"pid": os.getpid(), "places": rows}), encoding="utf-8")

    def _look(self, signum: int, frame: FrameType | None) -> None:
        self._looks += 1
        if self._looks % KEEP_EVERY == 0:
            self._save()
        frames = sys._current_frames()
        here = threading.get_ident()
        for thread in threading.enumerate():
            ident = thread.ident
            if ident is None or (spent := self._spent(ident)) <= 0:
                continue
            found = frame if ident == here else frames.get(ident)
            if found is not None:
                self._seconds[place_of(found)] += spent

    def _spent(self, ident: int) -> float:
        try:
            now = time.clock_gettime(time.pthread_getcpuclockid(ident))
        except OSError:
            return 0.0
        before = self._last.get(ident, now)
        self._last[ident] = now
        return now - before


def begin_if_asked() -> None:
    """In a process that the benchmark wants to know about."""
    if path := os.environ.get(VARIABLE):
        Sampler(Path(path)).begin()


def place_of(frame: FrameType) -> Place:
    package, leaf = _package(frame), _name(frame)
    service, owner = SHARED, ""
    step: FrameType | None = frame
    while step is not None:
        ours = _ours(step)
        if ours:
            owner = owner or f"{ours}:{step.f_lineno} {step.f_code.co_qualname}"
            if service == SHARED:
                service = _service(ours, step)
        step = step.f_back
    return Place(service, owner or _driver_call(frame), package, leaf)


def _ours(frame: FrameType) -> str:
    """The file below `services/`, or nothing."""
    _, found, rest = frame.f_code.co_filename.rpartition("/services/")
    return rest if found and "site-packages" not in rest else ""


def _service(file: str, frame: FrameType) -> str:
    first = file.partition("/")[0]
    if first in SERVICES:
        return first
    metrics = getattr(frame.f_locals.get("self"), "_metrics", None)
    return str(getattr(metrics, "service", SHARED))


def _driver_call(frame: FrameType) -> str:
    """The database call that a driver's own thread carries out, with its collection."""
    call, step = "", frame
    while step is not None:
        if "/pymongo/" in step.f_code.co_filename:
            collection = _collection(step.f_locals.get("self"))
            if collection or not call:
                call = f"{step.f_code.co_qualname} {collection}".strip()
        if step.f_back is None:
            break
        step = step.f_back
    return call


def _collection(owner: Any) -> str:
    known = getattr(owner, "_collection", owner)
    name = getattr(known, "_full_name", "")
    return name.partition(".")[0].rpartition("_")[2] + "." + name.partition(".")[2] if name else ""


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
