"""A long time at half of what the whole installation can do: memory, latency and lag, minute by minute.

The maximum is what comes out at the far end: documents that were posted as fast as possible, by the time until the
last of them was in an inbox.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

from tests.bench.at_work import AtWork, Post, at_work
from tests.bench.figures import percentile
from tests.bench.results import Results
from tests.bench.stack import Stack

BENCH = "sustained"
SECONDS, RUSH_SECONDS, WARM_UP_SECONDS, LOOK_SECONDS = 3600.0, 20.0, 5.0, 5.0
SATURATING = 64
MOST_GROWTH, MOST_DRAIN_SECONDS = 1.05, 30.0
FIRST_SHARE, LAST_SHARE = (0.1, 0.2), (0.9, 1.0)  # of the time: the memory at the beginning and at the end
MEGABYTE = 1024 * 1024


@dataclass(frozen=True)
class Look:
    """`memory_mb` by process."""

    at: float
    waiting: float
    memory_mb: dict[str, float]


@dataclass
class Course:
    looks: list[Look] = field(default_factory=list)

    async def watch(self, installation: AtWork) -> None:
        processes = {"services": installation.services.process, **installation.stack.servers}
        while True:
            memory = {name: process.memory_info().rss / MEGABYTE for name, process in processes.items()}
            self.looks.append(Look(time.time(), await installation.waiting(), memory))
            await asyncio.sleep(LOOK_SECONDS)

    def memory(self, name: str, share: tuple[float, float]) -> float:
        """Mean over that part of the time."""
        begins, lasts = self.looks[0].at, self.looks[-1].at - self.looks[0].at
        low, high = (begins + part * lasts for part in share)
        held = [look.memory_mb[name] for look in self.looks if low <= look.at <= high]
        return sum(held) / len(held)


async def measure(stack: Stack, results: Results, seconds: float = SECONDS) -> None:
    async with at_work(stack) as installation:
        most = await _maximum(installation)
        results.add(BENCH, f"most that comes out at the far end, {SATURATING} scanners", most, "documents/s")
        await _drained(installation)
        course = Course()
        watching = asyncio.create_task(course.watch(installation))
        posted = await installation.post(seconds, per_second=most / 2, warm_up=WARM_UP_SECONDS)
        ended = time.monotonic()
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        to_notice = await installation.until_noticed(posted.posts)
        drained = await _drained(installation, ended)
        seen = dict(installation.streams.seen)
    _report(results, posted.posts, seconds, to_notice, drained, course)
    results.details[BENCH] = {
        "looks": [asdict(look) for look in course.looks],
        "minutes": _by_minute(posted.posts, seen),
        "half_of_most_per_second": most / 2,
    }


async def _maximum(installation: AtWork) -> float:
    posted = await installation.post(RUSH_SECONDS, connections=SATURATING)
    await installation.until_noticed(posted.posts, 5 * RUSH_SECONDS)
    told = max(installation.streams.seen[post.id] for post in posted.posts if post.id in installation.streams.seen)
    return len(posted.posts) / (told - min(post.posted_at for post in posted.posts))


async def _drained(installation: AtWork, since: float | None = None) -> float:
    """Seconds until nothing waits, twice in a row: the metrics are some seconds old."""
    begun, still = since or time.monotonic(), 0
    while still < 2:
        still = 0 if await installation.waiting() else still + 1
        await asyncio.sleep(0.5 if still < 2 else 0)
        assert time.monotonic() - begun < 10 * MOST_DRAIN_SECONDS, "the installation never catches up"
    return time.monotonic() - begun


def _report(
    results: Results, posts: Sequence[Post], seconds: float, to_notice: Sequence[float], drained: float, course: Course
) -> None:
    to_number = [post.answered_at - post.posted_at for post in posts]
    results.add(BENCH, "length", seconds / 60, "min")
    results.add(BENCH, "documents", len(posts), "documents")
    for percent in (50, 95, 99):
        results.add(BENCH, f"POST to 201, p{percent}", 1000 * percentile(to_number, percent), "ms")
        results.add(BENCH, f"POST to inbox, p{percent}", 1000 * percentile(to_notice, percent), "ms")
    results.add(BENCH, "most that waited", max(look.waiting for look in course.looks), "events")
    results.add(BENCH, "end of the load until nothing waits", drained, "s", most=MOST_DRAIN_SECONDS)
    for name in sorted(course.looks[0].memory_mb):
        first, last = course.memory(name, FIRST_SHARE), course.memory(name, LAST_SHARE)
        results.add(BENCH, f"memory of {name}, at the end", last, "MB")
        limit = {"most": MOST_GROWTH} if name == "services" else {}
        results.add(BENCH, f"memory of {name}, end / beginning", last / first, "x", **limit)


def _by_minute(posts: Sequence[Post], seen: dict[str, float]) -> list[dict[str, float]]:
    """p50 and p99 of each minute, in milliseconds."""
    begins = min(post.posted_at for post in posts)
    minutes: dict[int, list[Post]] = {}
    for post in posts:
        minutes.setdefault(int((post.posted_at - begins) // 60), []).append(post)
    return [_minute(minute, each, seen) for minute, each in sorted(minutes.items())]


def _minute(minute: int, posts: Sequence[Post], seen: dict[str, float]) -> dict[str, float]:
    number = [1000 * (post.answered_at - post.posted_at) for post in posts]
    notice = [1000 * (seen[post.id] - post.posted_at) for post in posts if post.id in seen]
    return {
        "minute": minute,
        "documents": len(posts),
        **{f"to_201_p{percent}": percentile(number, percent) for percent in (50, 99)},
        **{f"to_inbox_p{percent}": percentile(notice, percent) for percent in (50, 99) if notice},
    }
