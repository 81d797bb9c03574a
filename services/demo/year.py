"""The year as a sequence of slots: which paper comes on which working day through which door. Pure and seeded."""

import heapq
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from operator import itemgetter

from services.demo.days import busyness, working_days
from services.demo.plan import Category, Plan

SEED = 2016
INCOMING_DEVICES = ("scan-1", "scan-2", "scan-3", "scan-4")
OUTGOING_DEVICE, OFFICE_DEVICE = "van-thu-di", "van-thu-vp"


@dataclass(frozen=True, slots=True)
class Slot:
    """`key` is the same for the same document in every run of the same year: the sender's idempotency key."""

    key: str
    category: Category
    day: date
    index: int

    @property
    def device(self) -> str:
        if self.category.incoming:
            return INCOMING_DEVICES[self.index % len(INCOMING_DEVICES)]
        return OFFICE_DEVICE if self.category is Category.OWN else OUTGOING_DEVICE


def year(plan: Plan, seed: int = SEED) -> Iterator[Slot]:
    """Every document of the plan in the order of its day, incoming and outgoing mixed."""
    incoming = _side([category for category in plan if category.incoming], "in", plan, seed)
    outgoing = _side([category for category in plan if not category.incoming], "out", plan, seed + 1)
    return (slot for _, slot in heapq.merge(incoming, outgoing, key=itemgetter(0)))


def _side(categories: list[Category], name: str, plan: Plan, seed: int) -> Iterator[tuple[tuple[date, float], Slot]]:
    chance = random.Random(seed)
    papers = [category for category in categories for _ in range(plan[category])]
    chance.shuffle(papers)
    days = working_days()
    arrivals = sorted(chance.choices(days, weights=list(map(busyness, days)), k=len(papers)))
    for index, (category, day) in enumerate(zip(papers, arrivals, strict=True), start=1):
        yield (day, index / len(papers)), Slot(f"2016-{name}-{index:06d}", category, day, index)
