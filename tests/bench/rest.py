"""When everything that was posted has taken effect: read from the services' own metrics, and only when all of them speak."""

import asyncio
import time
from dataclasses import dataclass

import httpx

from services.demo.failure import DemoFailure
from services.demo.settled import SERVICES, Work, settled, work_of
from tests.bench.results import Results

NEEDED = ("vanthu_journal_unsent_rows", "consumer_lag", "consumer_halted", "assigned_partitions")
PATIENCE_SECONDS, LOOK_SECONDS = 60.0, 0.3
ASSIGNED = "assigned_partitions "


class Speechless(Exception):
    """A service's metrics do not say whether anything waits."""


@dataclass(frozen=True)
class Rest:
    """`at` is when the last event took effect, by the monotonic clock; where work is left, when that was given up."""

    at: float
    work: Work

    def report(self, results: Results, bench: str, title: str = "") -> None:
        """What must be nothing, or the figures beside it are of an installation that does not work."""
        before = f"{title}, " if title else ""
        results.add(bench, f"{before}events left undone", self.work.left, "events", most=0)
        results.add(bench, f"{before}dead letters", self.work.set_aside, "records", most=0)
        results.add(bench, f"{before}halted readers", self.work.halted, "services", most=0)


class Overseer:
    def __init__(self, url: str, token: str, patience_seconds: float = PATIENCE_SECONDS) -> None:
        self._patience_seconds = patience_seconds
        headers = {"Authorization": f"Bearer {token}"}
        self._client = httpx.AsyncClient(base_url=url, headers=headers, timeout=60)

    async def close(self) -> None:
        await self._client.aclose()

    async def work(self) -> Work:
        """Asked again for a minute: readers that have just begun, or share their partitions anew, know of no lag.

        Raises httpx.HTTPError for a page that stays refused, Speechless for one that never says what is needed.
        """
        ends = time.monotonic() + self._patience_seconds
        while True:
            try:
                return await self._asked()
            except (httpx.HTTPError, Speechless):
                if time.monotonic() > ends:
                    raise
                await asyncio.sleep(LOOK_SECONDS)

    async def _asked(self) -> Work:
        pages = await asyncio.gather(*(self._client.get(f"/{service}/metrics") for service in SERVICES))
        texts = [page.raise_for_status().text for page in pages]
        for service, text in zip(SERVICES, texts, strict=True):
            if silent := unsaid(text):
                raise Speechless(f"{service} does not say {', '.join(silent)}")
        return work_of(texts)

    async def rest(self) -> Rest:
        """Ends when nothing waits and nothing has moved for longer than gauges are old, or when that never comes."""
        last: list[Work] = [await self.work()]
        try:
            at = await settled(self.work, last.append, time.monotonic)
        except DemoFailure:
            at = time.monotonic()
        return Rest(at, last[-1])


def unsaid(page: str) -> list[str]:
    """What a metrics page lacks for it to be believed that nothing waits."""
    lines = page.splitlines()
    missing = [name for name in NEEDED if not any(line.startswith((f"{name} ", f"{name}{{")) for line in lines)]
    if any(line.startswith(ASSIGNED) and float(line.removeprefix(ASSIGNED)) == 0 for line in lines):
        missing.append("of any partition that it reads")
    return missing
