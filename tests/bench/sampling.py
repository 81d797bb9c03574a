"""Where a process spends its CPU time: every few milliseconds of it, what each thread is in the middle of.

A timer of the process's own CPU time interrupts it; each thread's CPU time since the last look is put to the
place where that thread stands. Nothing is installed in the process and an idle process is not disturbed.
"""

import atexit
import contextlib
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
INTERVAL_SECONDS = 0.01
KEEP_EVERY = 300  # looks: a process that is killed has kept nearly all
SERVICES = ("intake", "routing", "notify", "reporting")
SHARED = "shared"
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
        self._spent: dict[int, float] = {}
        self._stood: dict[int, tuple[int, int]] = {}
        self._looks = 0

    def begin(self) -> None:
        """Call in the main thread. The figures are written now and then, and when the process ends in order."""
        signal.signal(signal.SIGPROF, self._interrupt)
        signal.setitimer(signal.ITIMER_PROF, INTERVAL_SECONDS, INTERVAL_SECONDS)
        atexit.register(self._end)

    def _end(self) -> None:
        signal.setitimer(signal.ITIMER_PROF, 0)
        self._save()

    def _save(self) -> None:
        rows = [[*place, round(seconds, 4)] for place, seconds in self._seconds.items()]
        self._path.write_text(json.dumps({"pid": os.getpid(), "places": rows}), encoding="utf-8")

    def _interrupt(self, signum: int, frame: FrameType | None) -> None:
        # whatever goes wrong here would be raised in the middle of somebody else's work
        with contextlib.suppress(Exception):
            self._look(frame)
            self._looks += 1
            if self._looks % KEEP_EVERY == 0:
                self._save()

    def _look(self, here: FrameType | None) -> None:
        own = threading.get_ident()
        if here is not None:
            self._put(own, place_of(here), time.thread_time())
        frames, threads = sys._current_frames(), threading._active.copy()  # type: ignore[attr-defined]
        for ident, frame in frames.items():
            place = (id(frame), frame.f_lasti)
            if ident == own or ident not in threads or self._stood.get(ident) == place:
                continue  # who stands where they stood has done nothing worth a look
            self._stood[ident] = place
            self._put(ident, place_of(frame), spent_by(threads[ident].native_id))

    def _put(self, ident: int, place: Place, spent: float) -> None:
        self._seconds[place] += max(spent - self._spent.get(ident, spent), 0.0)
        self._spent[ident] = spent


def spent_by(native_id: int | None) -> float:
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
            service = _service(ours, step) if service == SHARED else service
        step = step.f_back
    within = BETWEEN.join(reversed(chain)) or _driver_call(frame)
    return Place(service, within, line, _package(frame), _name(frame))


def _ours(frame: FrameType) -> str:
    """The file below `services/`, or nothing; the command below everything else says nothing."""
    _, found, rest = frame.f_code.co_filename.rpartition("/services/")
    return rest if found and "site-packages" not in rest and not rest.startswith("cli/") else ""


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
