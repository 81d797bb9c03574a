"""The demo waits until nothing is left to do, and not forever."""

from collections.abc import Iterator

import pytest

from services.chassis.metrics import Metrics
from services.demo import settled as settling
from services.demo.failure import DemoFailure
from services.demo.settled import Work, settled, work_of


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        self.now += 1.0
        return self.now


def busy(left: int, consumed: int, halted: int = 0) -> Work:
    return Work(unsent=left, lag=0, halted=halted, set_aside=0, consumed=consumed)


async def waited(looks: Iterator[Work], monkeypatch: pytest.MonkeyPatch) -> tuple[float, list[int]]:
    monkeypatch.setattr(settling, "LOOK_SECONDS", 0)
    said: list[int] = []

    async def look() -> Work:
        return next(looks)

    return await settled(look, lambda work: said.append(work.left), Clock()), said


def test_work_is_read_from_the_services_own_metrics() -> None:
    pages = []
    for lag in (3, 4):
        metrics = Metrics("any")
        metrics.lag.labels("vanthu.documents", "0").set(lag)
        metrics.unsent.set(10)
        metrics.events_consumed.labels("vanthu.documents", "t", "applied").inc(5)
        metrics.dead_letters.labels("vanthu.documents").inc()
        pages.append(metrics.page().decode())
    work = work_of(pages)
    assert work == Work(unsent=20, lag=7, halted=0, set_aside=2, consumed=10)
    assert work.left == 27


async def test_it_ends_when_all_is_still_and_says_when_the_last_event_took_effect(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looks = iter([busy(9, 1), busy(5, 5), busy(0, 9), *[busy(0, 10)] * 20])
    ended, said = await waited(looks, monkeypatch)
    assert said[:3] == [5, 0, 0]
    assert ended < 1010
    assert len(list(looks)) > 5


async def test_stillness_with_work_left_is_not_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DemoFailure, match="3 events wait"):
        await waited(iter([busy(3, 1)] * 1000), monkeypatch)


async def test_a_consumer_that_stopped_on_purpose_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DemoFailure, match="on purpose"):
        await waited(iter([busy(3, 1), busy(3, 1, halted=1)]), monkeypatch)
