"""A long time at half of what the whole installation can do: memory, latency and lag, minute by minute.

The maximum is what comes out at the far end: documents posted as fast as possible, by the time until the last of them
is in an inbox; the median of three such rushes, which also warm the product up before the time begins. At the end,
with all that in the register and its log, the services are killed and have to be back at work.
"""

import asyncio
from collections.abc import Callable

from tests.bench.at_work import PERCENTS, AtWork, Outcome, at_work
from tests.bench.course import FIRST_SHARE, HOUR_SECONDS, Course, by_minute
from tests.bench.figures import median
from tests.bench.results import Results
from tests.bench.return_to_work import back_at_work
from tests.bench.stack import Stack

BENCH = "sustained"
SECONDS, RUSHES, RUSH_SECONDS, WARM_UP_SECONDS = 3600.0, 3, 60.0, 5.0
SATURATING = 64
MOST_GROWTH, MOST_HOURLY_GROWTH, MOST_DRAIN_SECONDS, LEAST_SEEN = 1.05, 0.05, 30.0, 0.95
MEGABYTE = 1024 * 1024
CACHES = "its caches fill by design, no limit"


async def measure(stack: Stack, results: Results, seconds: float = SECONDS) -> None:
    async with at_work(stack) as installation:
        most = await _maximum(installation, results, min(RUSH_SECONDS, seconds))
        outcome, course = await _at_half(installation, results, seconds, most / 2)
        _report_answers(results, outcome, seconds)
        _report_memory(results, course, seconds)
        await back_at_work(installation, results, BENCH)


async def _maximum(installation: AtWork, results: Results, rush_seconds: float) -> float:
    speeds = []
    for turn in range(1, RUSHES + 1):
        posted = await installation.post(rush_seconds, connections=SATURATING, warm_up=WARM_UP_SECONDS)
        outcome = await installation.outcome(posted, 5 * rush_seconds)
        outcome.report_faults(results, BENCH, f"rush {turn}")
        speeds.append(outcome.settled_per_second)
    most = median(speeds)
    title = f"most that comes out at the far end, {SATURATING} scanners for {rush_seconds:g} s, median of {RUSHES}"
    results.add(BENCH, title, most, "documents/s")
    return most


async def _at_half(installation: AtWork, results: Results, seconds: float, per_second: float) -> tuple[Outcome, Course]:
    """What was seen is kept in the details even where this ends before its time."""
    course = Course()
    found = results.details[BENCH] = {"half_of_most_per_second": per_second, "looks": [], "minutes": []}
    try:
        async with asyncio.TaskGroup() as tasks:  # a watch that dies ends the load, too
            watching = tasks.create_task(course.watch(installation.overseer.work, _memory(installation)))
            posted = await installation.post(seconds, per_second=per_second, warm_up=WARM_UP_SECONDS)
            watching.cancel()
        found["minutes"] = by_minute(posted.posts, installation.streams.seen)  # in case nothing comes to rest
        outcome = await installation.outcome(posted)
        found["minutes"] = by_minute(posted.posts, outcome.told)
    finally:
        found["looks"], found["streams opened again"] = course.as_list(), installation.streams.reopened
    return outcome, course.between(posted.begins, posted.ended_at)


def _memory(installation: AtWork) -> Callable[[], dict[str, float]]:
    processes = {"services": installation.services.process, **installation.stack.servers}
    return lambda: {name: process.memory_info().rss / MEGABYTE for name, process in processes.items()}


def _report_answers(results: Results, outcome: Outcome, seconds: float) -> None:
    posted = outcome.posted
    results.add(BENCH, "length", seconds / 60, "min")
    results.add(BENCH, "documents", len(posted.posts), "documents")
    outcome.report_faults(results, BENCH)
    for percent in PERCENTS:
        results.add(BENCH, f"POST to 201, p{percent}", outcome.to_number(percent), "ms")
        results.add(BENCH, f"POST to inbox, p{percent}", outcome.to_notice(percent), "ms")
    drained = max(0.0, outcome.rest.at - posted.ended_at)
    results.add(BENCH, "end of the load until nothing waits", drained, "s", most=MOST_DRAIN_SECONDS)


def _report_memory(results: Results, course: Course, seconds: float) -> None:
    """The limits are for an hour: a trial's first looks are no beginning."""
    results.add(BENCH, "time that was looked at / whole", course.seen_seconds / seconds, "x", least=LEAST_SEEN)
    results.add(BENCH, "most that waited", max(look.waiting for look in course.looks), "events")
    for name in sorted(course.looks[0].memory_mb):
        judged = name == "services" and seconds >= HOUR_SECONDS
        note = "" if name == "services" else f" ({CACHES})"
        results.add(BENCH, f"memory of {name}, first 3 %", course.memory(name, FIRST_SHARE), "MB")
        most = MOST_GROWTH if judged else None
        results.add(BENCH, f"memory of {name}, last 3 % / first 3 %{note}", course.growth(name), "x", most=most)
        most = MOST_HOURLY_GROWTH if judged else None
        title = f"memory of {name}, trend per hour / first 3 %{note}"
        results.add(BENCH, title, course.hourly_growth(name), "x", most=most)
