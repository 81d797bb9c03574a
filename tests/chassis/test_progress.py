"""Whether a reader counts as alive, by what its broker says."""

from collections.abc import Sequence
from typing import Any, cast

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaConnectionError

from services.chassis.metrics import Metrics
from services.chassis.progress import Progress

PARTITION = TopicPartition("documents", 0)
STALL_SECONDS = 120.0


class Broker:
    """What a consumer would hear of it; `end` is None while it is away."""

    def __init__(self, committed: int, end: int | None) -> None:
        self.at, self.end = committed, end

    async def committed(self, partition: TopicPartition) -> int:
        return self.at

    async def end_offsets(self, partitions: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        if self.end is None:
            raise KafkaConnectionError
        return dict.fromkeys(partitions, self.end)


class Reader:
    """Looks at its broker, as its clock says."""

    def __init__(self, broker: Broker, monkeypatch: pytest.MonkeyPatch) -> None:
        self.seconds = 0.0
        monkeypatch.setattr("services.chassis.progress.time.monotonic", lambda: self.seconds)
        self._broker = broker
        self.progress = Progress(Metrics("routing"), STALL_SECONDS)
        self.progress.assigned([PARTITION])

    async def look_after(self, seconds: float) -> bool:
        self.seconds += seconds
        await self.progress.look(cast("Any", self._broker))
        return self.progress.verdict().ok


async def test_a_reader_that_stands_still_while_there_is_work_is_dead(monkeypatch: pytest.MonkeyPatch) -> None:
    reader = Reader(Broker(committed=3, end=5), monkeypatch)
    assert await reader.look_after(2)
    assert reader.progress.total_lag == 2
    assert not await reader.look_after(STALL_SECONDS + 1)
    assert reader.progress.verdict().detail == "lag 2, no progress for 123 s"


async def test_a_reader_that_gets_on_is_alive_however_far_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    reader = Reader(Broker(committed=3, end=1000), monkeypatch)
    for offset in (4, 5, 6):
        assert await reader.look_after(STALL_SECONDS - 1)
        reader.progress.committed({PARTITION: offset})
    assert reader.progress.total_lag == 995


async def test_a_reader_that_has_read_all_is_alive_however_long_nothing_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    reader = Reader(Broker(committed=5, end=5), monkeypatch)
    assert await reader.look_after(2)
    assert await reader.look_after(10 * STALL_SECONDS)


async def test_while_kafka_is_away_nobody_is_to_blame_for_standing_still(monkeypatch: pytest.MonkeyPatch) -> None:
    broker = Broker(committed=3, end=5)
    reader = Reader(broker, monkeypatch)
    assert await reader.look_after(2)
    broker.end = None
    assert await reader.look_after(10 * STALL_SECONDS)
    broker.end = 5
    assert await reader.look_after(2)
    assert not await reader.look_after(STALL_SECONDS + 1)


async def test_a_reader_that_waits_for_its_database_is_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    reader = Reader(Broker(committed=3, end=5), monkeypatch)
    reader.progress.waiting = True
    assert await reader.look_after(10 * STALL_SECONDS)


def test_what_the_broker_is_asked_is_what_a_consumer_answers() -> None:
    assert {"committed", "end_offsets"} <= set(dir(AIOKafkaConsumer))
