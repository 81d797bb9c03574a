"""A long run seen minute by minute: memory, what waits, and how long answers take. Pure but for the clock it is given."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from typing import Any

from services.demo.settled import Work
from tests.bench.at_work import Post
from tests.bench.figures import percentile, slope

LOOK_SECONDS, MOST_BETWEEN_SECONDS, HOUR_SECONDS = 5.0, 7.5, 3600.0
FIRST_SHARE, LAST_SHARE = (0.0, 0.03), (0.97, 1.0)  # of the time: the memory at the beginning and at the end


@dataclass(frozen=True)
class Look:
    """`at` by the monotonic clock; `waiting` are events not sent or not read yet; `memory_mb` by process."""

    at: float
    waiting: int
    memory_mb: dict[str, float]


@dataclass
class Course:
    looks: list[Look] = field(default_factory=list)

    async def watch(
        self, work: Callable[[], Awaitable[Work]], memory: Callable[[], dict[str, float]], every: float = LOOK_SECONDS
    ) -> None:
        """Until cancelled. Raises what `work` and `memory` raise: a course with holes says nothing."""
        while True:
            held = memory()
            self.looks.append(Look(time.monotonic(), (await work()).left, held))
            await asyncio.sleep(every)

    @property
    def seconds(self) -> float:
        """From the first look to the last."""
        return self.looks[-1].at - self.looks[0].at if self.looks else 0.0

    @property
    def seen_seconds(self) -> float:
        """Without its holes: after a look that took long, as much counts as one that did not."""
        gaps = (later.at - sooner.at for sooner, later in pairwise(self.looks))
        return sum(min(gap, MOST_BETWEEN_SECONDS) for gap in gaps)

    def between(self, began_at: float, ended_at: float) -> "Course":
        return Course([look for look in self.looks if began_at <= look.at <= ended_at])

    def memory(self, name: str, share: tuple[float, float]) -> float:
        """Mean in megabytes over that part of the time; of the nearest look where none falls into it."""
        begins, middle = self.looks[0].at, sum(share) / 2
        low, high = (begins + part * self.seconds for part in share)
        held = [look.memory_mb[name] for look in self.looks if low <= look.at <= high]
        nearest = min(self.looks, key=lambda look: abs(look.at - begins - middle * self.seconds))
        return sum(held) / len(held) if held else nearest.memory_mb[name]

    def growth(self, name: str) -> float:
        """End to beginning."""
        return self.memory(name, LAST_SHARE) / self.memory(name, FIRST_SHARE)

    def hourly_growth(self, name: str) -> float:
        """The trend of all looks, per hour, as a share of the beginning: a sawtooth's end may lie high or low."""
        points = [(look.at, look.memory_mb[name]) for look in self.looks]
        return slope(points) * HOUR_SECONDS / self.memory(name, FIRST_SHARE)

    def as_list(self) -> list[dict[str, Any]]:
        return [asdict(look) for look in self.looks]


def by_minute(posts: Sequence[Post], told: Mapping[str, float]) -> list[dict[str, float]]:
    """p50 and p99 of each minute, in milliseconds."""
    begins = min((post.posted_at for post in posts), default=0.0)
    minutes: dict[int, list[Post]] = {}
    for post in posts:
        minutes.setdefault(int((post.posted_at - begins) // 60), []).append(post)
    return [_minute(minute, each, told) for minute, each in sorted(minutes.items())]


def _minute(minute: int, posts: Sequence[Post], told: Mapping[str, float]) -> dict[str, float]:
    number = [1000 * (post.answered_at - post.posted_at) for post in posts]
    notice = [1000 * (told[post.id] - post.posted_at) for post in posts if post.id in told]
    return {
        "minute": minute,
        "documents": len(posts),
        **{f"to_201_p{percent}": percentile(number, percent) for percent in (50, 99)},
        **{f"to_inbox_p{percent}": percentile(notice, percent) for percent in (50, 99) if notice},
    }
