"""(e) How long the yearly report takes over HTTP, whatever the number of documents behind it."""

import asyncio
import json
import time
from contextlib import AsyncExitStack
from typing import Any

import httpx

from services.reporting.app import opened
from services.reporting.settings import ReportingSettings
from tests.bench.children import Child, running
from tests.bench.figures import median, percentile
from tests.bench.results import Results
from tests.bench.stack import Stack
from tests.harness import as_bearer
from tests.offices import introduce_offices, token
from tests.reporting.generate import generate

BENCH = "e"
FACTS = (1_000, 47_000, 1_000_000)
REQUESTS, WARM_UP = 150, 20
MOST_GROWTH = 1.5
WINDOWS = {"whole year": "from=2016-01-01&to=2016-12-31", "odd days": "from=2016-01-07&to=2016-11-19"}


async def measure(stack: Stack, results: Results, facts: tuple[int, ...] = FACTS) -> None:
    """A service per number of facts; they are asked in turn, so that all meet the same machine."""
    async with AsyncExitStack() as things:
        services: dict[int, Child] = {}
        for count in facts:
            prefix = await things.enter_async_context(stack.installation())
            began_at = time.monotonic()
            await _generate(stack, prefix, count)
            results.say(f"  {count:,} facts generated in {time.monotonic() - began_at:.0f} s")
            log, env = stack.folder / "annual.log", stack.environment(prefix)
            services[count] = await things.enter_async_context(
                running("tests.bench.hosting", "reporting", env=env, log=log)
            )
        for name, window in WINDOWS.items():
            _report(results, name, await _ask_in_turn(services, window))


async def _generate(stack: Stack, prefix: str, count: int) -> None:
    settings = stack.settings(prefix)
    async with opened(ReportingSettings(**settings.model_dump())) as store:
        await generate(store, count)
    await introduce_offices(settings, "reporting")


async def _ask_in_turn(services: dict[int, Child], window: str) -> dict[int, list[float]]:
    seconds: dict[int, list[float]] = {count: [] for count in services}
    headers = as_bearer(token("leader"))
    async with AsyncExitStack() as things:
        clients = {
            count: await things.enter_async_context(httpx.AsyncClient(base_url=child.told["url"], headers=headers))
            for count, child in services.items()
        }
        for turn in range(WARM_UP + REQUESTS):
            for count, client in clients.items():
                began_at = time.perf_counter()
                answer = await client.get(f"/reporting/api/v1/reports/annual?{window}")
                if turn >= WARM_UP:
                    seconds[count].append(time.perf_counter() - began_at)
                _expect_all_counted(answer, count, window)
            await asyncio.sleep(0)
    return seconds


def _expect_all_counted(answer: httpx.Response, count: int, window: str) -> None:
    report: dict[str, Any] = answer.raise_for_status().json()["report"]
    counted = sum(report[half]["total"]["documents"] for half in ("incoming", "outgoing"))
    if window == WINDOWS["whole year"] and counted != count:
        raise AssertionError(f"{counted} of {count} facts counted: {json.dumps(report)[:500]}")


def _report(results: Results, window: str, seconds: dict[int, list[float]]) -> None:
    for count, each in seconds.items():
        results.add(BENCH, f"yearly report, {window}, {count:,} facts, median", 1000 * median(each), "ms")
        results.add(BENCH, f"yearly report, {window}, {count:,} facts, p95", 1000 * percentile(each, 95), "ms")
    growth = median(seconds[max(seconds)]) / median(seconds[min(seconds)])
    results.add(BENCH, f"{window}: most facts / fewest", growth, "x", most=MOST_GROWTH)
