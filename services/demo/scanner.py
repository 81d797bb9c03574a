"""A scanner: a process of its own that posts its share of the year over several connections at once.

`python -m services.demo.scanner FOLDER SHARE`: reads FOLDER/scanners.json, prints how many are done.
"""

import asyncio
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import aiohttp
import uvloop

from services.demo.failure import DemoFailure
from services.demo.ledger import Ledger, entries, path_of
from services.demo.pages import Pages
from services.demo.papers import Papers
from services.demo.plan import published, sampled
from services.demo.posting import Poster
from services.demo.year import Slot, year

CONFIGURATION = "scanners.json"
TOLD_EVERY_SECONDS = 0.2


@dataclass(frozen=True)
class Scanners:
    """What all scanners of a run share. `shares` is the number of processes."""

    url: str
    keys: dict[str, str]
    documents: int
    people: list[str]
    shares: int
    connections: int

    @classmethod
    def read(cls, folder: Path) -> "Scanners":
        return cls(**json.loads((folder / CONFIGURATION).read_text(encoding="utf-8")))

    def as_dict(self) -> dict[str, object]:
        return asdict(self)


def still_to_send(scanners: Scanners, share: int, answered: frozenset[str]) -> Iterator[Slot]:
    """The share's documents in order, without those that have an answer."""
    slots = year(sampled(published().counts, scanners.documents))
    return (slot for place, slot in enumerate(slots) if place % scanners.shares == share and slot.key not in answered)


class Scanner:
    def __init__(self, poster: Poster, papers: Papers, pages: Pages, ledger: Ledger) -> None:
        self._poster = poster
        self._papers = papers
        self._pages = pages
        self._ledger = ledger
        self._done = 0
        self._told_at = 0.0

    async def send(self, slots: Iterator[Slot], connections: int) -> None:
        """Returns when all have their numbers; the first failure ends it."""
        async with asyncio.TaskGroup() as lines:
            for _ in range(connections):
                lines.create_task(self._send_one_by_one(slots))
        self._tell()

    async def _send_one_by_one(self, slots: Iterator[Slot]) -> None:
        for slot in slots:
            paper = self._papers.paper(slot)
            page = self._pages.page(paper.face) if paper.face else None
            self._ledger.write(await self._poster.post(paper, page))
            self._done += 1
            if time.monotonic() - self._told_at > TOLD_EVERY_SECONDS:
                self._tell()

    def _tell(self) -> None:
        self._told_at = time.monotonic()
        sys.stdout.write(f"{self._done}\n")
        sys.stdout.flush()


async def scan(folder: Path, share: int) -> None:
    scanners = Scanners.read(folder)
    answered = frozenset(entry.key for entry in entries(folder))
    ledger = Ledger(path_of(folder, share))
    connector = aiohttp.TCPConnector(limit=scanners.connections)
    async with aiohttp.ClientSession(connector=connector) as session:
        poster = Poster(session, scanners.url, scanners.keys)
        scanner = Scanner(poster, Papers(scanners.people), Pages(), ledger)
        await scanner.send(still_to_send(scanners, share, answered), scanners.connections)
    ledger.close()


def main(folder: str, share: str) -> int:
    failed: DemoFailure | None = None
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(scan(Path(folder), int(share)))
    except* DemoFailure as failures:
        failed = next(each for each in failures.exceptions if isinstance(each, DemoFailure))
    if failed:
        sys.stderr.write(json.dumps({"problem": failed.problem, "remedy": failed.remedy}) + "\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
