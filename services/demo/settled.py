"""Waiting until everything is assigned, told and counted: read from the services' own metrics pages."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import httpx
from prometheus_client.parser import text_string_to_metric_families

from services.demo.failure import DemoFailure

SERVICES = ("intake", "routing", "notify", "reporting")
LOOK_SECONDS, STILL_SECONDS, STUCK_SECONDS = 0.3, 6.0, 300.0
"""Gauges are measured every 5 s: who is still for longer than that has nothing left to do."""


@dataclass(frozen=True)
class Work:
    """What there is to do, and how much has been done so far."""

    unsent: float
    lag: float
    halted: float
    set_aside: float
    consumed: float

    @property
    def left(self) -> int:
        return int(self.unsent + self.lag)


class Metrics:
    def __init__(self, url: str, token: str) -> None:
        self._client = httpx.AsyncClient(base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=30)

    async def close(self) -> None:
        await self._client.aclose()

    async def work(self) -> Work:
        """Of all four services together."""
        pages = await asyncio.gather(*(self._client.get(f"/{service}/metrics") for service in SERVICES))
        return work_of([page.raise_for_status().text for page in pages])


def work_of(pages: list[str]) -> Work:
    sums: dict[str, float] = {}
    for page in pages:
        for family in text_string_to_metric_families(page):
            for sample in family.samples:
                sums[sample.name] = sums.get(sample.name, 0.0) + sample.value
    return Work(
        unsent=sums.get("vanthu_journal_unsent_rows", 0.0),
        lag=sums.get("consumer_lag", 0.0),
        halted=sums.get("consumer_halted", 0.0),
        set_aside=sums.get("vanthu_dead_letters_total", 0.0),
        consumed=sums.get("events_consumed_total", 0.0),
    )


async def settled(
    look: Callable[[], Awaitable[Work]], told: Callable[[Work], None], clock: Callable[[], float] = time.time
) -> float:
    """When the last event took effect, in seconds since 1970. Raises DemoFailure when work stays but stands still."""
    before, moved_at = await look(), clock()
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        now = await look()
        told(now)
        if now.consumed != before.consumed:
            moved_at = clock()
        before, still_seconds = now, clock() - moved_at
        if now.halted:
            raise DemoFailure("A consumer has stopped on purpose.", "Its log line says why; see demo/up.log.")
        if now.left == 0 and still_seconds > STILL_SECONDS:
            return moved_at
        if still_seconds > STUCK_SECONDS:
            raise DemoFailure(
                f"{now.left} events wait and nothing has moved for {STUCK_SECONDS:.0f} s.",
                "See demo/up.log and `vanthu doctor`.",
            )
