"""(a) and (d): the whole year through all services by `vanthu demo`, where its CPU time goes, and its memory."""

import asyncio
import contextlib
import os
import time
from pathlib import Path

import psutil
from rich.console import Console

from services.demo.calls import Calls
from services.demo.commands import Up
from services.demo.figures import Figures, figures_of
from services.demo.folder import DemoFolder, Marker, opened
from services.demo.ledger import entries
from services.demo.memory import MEGABYTE, Memory, servers_of
from services.demo.options import DemoOptions
from services.demo.plan import Published, published, sizes_of
from services.demo.replay import Replay
from tests.bench.children import cpu_seconds
from tests.bench.footprint import Footprint
from tests.bench.profiles import Profile
from tests.bench.results import Results
from tests.bench.sampling import VARIABLE
from tests.bench.stack import ROOT

A, D = "a", "d"
AIM_SECONDS, MOST_SECONDS = 90.0, 240.0
MOST_MEGABYTES, MOST_GROWTH = 400.0, 1.1
LOOK_SECONDS = 1.0
SERVICES = "services"


class Measured(Replay):
    """The demo, with an eye on what its processes spend and hold."""

    def __init__(self, folder: DemoFolder, marker: Marker, table: Published, console: Console) -> None:
        super().__init__(folder, marker, table, console)
        self.footprint = Footprint()
        self.began_at = self.settled_at = 0.0
        self.run_figures: Figures | None = None

    async def _replay(self, up: Up) -> int:
        watching = asyncio.create_task(self._look_now_and_then(up.pid))
        try:
            return await super()._replay(up)
        finally:
            watching.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await watching

    async def _show(self, up: Up, calls: Calls, memory: Memory, began: float, ended: float) -> bool:
        self.began_at, self.settled_at = began, ended
        self.run_figures = figures_of(list(entries(self._folder.own)), {}, began, ended)
        return await super()._show(up, calls, memory, began, ended)

    async def _look_now_and_then(self, up: int) -> None:
        while True:
            posted = sum(path.read_bytes().count(b"\n") for path in self._folder.own.glob("ledger-*.jsonl"))
            for name, pid in ({SERVICES: up} | servers_of(up) | self._scanning.processes()).items():
                with contextlib.suppress(psutil.Error):
                    process = psutil.Process(pid)
                    self.footprint.see(name, time.time(), posted, process.memory_info().rss, cpu_seconds(process))
            await asyncio.sleep(LOOK_SECONDS)


def measure(results: Results, folder: Path, documents: int | None, *, profiled: bool = False) -> None:
    """On servers of its own unless `VANTHU_*` names others. `documents` None is the whole year.

    A profile is of a second run, and only that: being looked at costs time.
    """
    _report(results, asyncio.run(_run(folder / "demo", documents, results)))
    if profiled:
        _report_profile(results, _profile(folder, documents, results))


def _profile(folder: Path, documents: int | None, results: Results) -> Profile:
    path = folder / "profile.json"
    os.environ |= {
        VARIABLE: str(path),
        "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests/bench/startup'}",
        "PYTHONFAULTHANDLER": "1",
    }
    try:
        asyncio.run(_run(folder / "profiled", documents, results))
    finally:
        os.environ.pop(VARIABLE, None)
    return Profile.read(path)


async def _run(data: Path, documents: int | None, results: Results) -> Measured:
    folder = DemoFolder(data)
    folder.path.mkdir(parents=True)
    folder.claim()
    table = published()
    marker, _ = opened(
        DemoOptions(documents=documents, data=data), sizes_of(table.counts), folder, results.console.print
    )
    run = Measured(folder, marker, table, results.console)
    code = await run.run()
    results.add(A, "the demo's own checks failed", code, "", most=0)
    return run


def _report(results: Results, run: Measured) -> None:
    figures, footprint = run.run_figures, run.footprint
    assert figures is not None
    whole = figures.posted == sizes_of(published().counts)[-1]
    results.add(A, "documents sent", figures.posted, "documents")
    most = MOST_SECONDS if whole else None
    settled_seconds = figures.until_settled_seconds
    results.add(A, f"first POST until all is told and counted (aim {AIM_SECONDS:g} s)", settled_seconds, "s", most=most)
    results.add(A, "posting alone", figures.posting_seconds, "s")
    results.add(A, "documents posted per second", figures.posted / figures.posting_seconds, "documents/s")
    results.add(A, "documents settled per second", figures.posted / settled_seconds, "documents/s")
    for name in footprint.names():
        spent = footprint.cpu_seconds(name, run.began_at, run.settled_at)
        results.add(A, f"CPU of {name}", spent, "s")
        results.add(A, f"CPU of {name} per document", 1000 * spent / figures.posted, "ms")
    held = footprint.megabytes_at(SERVICES)
    for share, megabytes in held.items():
        results.add(D, f"the four services' memory, {share}", megabytes, "MB")
    results.add(D, "the four services' memory, peak", footprint.peak(SERVICES) / MEGABYTE, "MB", most=MOST_MEGABYTES)
    results.add(D, "memory, all posted / half posted", held["all posted"] / held["1/2 posted"], "x", most=MOST_GROWTH)
    growth = footprint.growth(SERVICES)
    results.add(D, "growth over the second half", growth, "bytes/document")
    results.details["a"] = footprint.as_dict()


def _report_profile(results: Results, profile: Profile) -> None:
    results.details["a-profile"] = profile.as_dict()
    results.console.print(profile.text())
