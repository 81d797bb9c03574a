"""Whether a consumer gets on with its work: lag that shrinks is alive, lag that stands still is not."""

import asyncio
import time
from collections.abc import Iterable

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from services.chassis.health import Verdict
from services.chassis.metrics import Metrics

ANSWER_SECONDS = 10.0


class Progress:
    def __init__(self, metrics: Metrics, stall_seconds: float) -> None:
        self.waiting = False  # for a dependency that is down: no fault of the process
        self._metrics = metrics
        self._stall_seconds = stall_seconds
        self._positions: dict[TopicPartition, int] = {}
        self._lag: dict[TopicPartition, int] = {}
        self._moved_at = time.monotonic()

    def assigned(self, partitions: Iterable[TopicPartition]) -> None:
        self._positions = {}
        self._lag = dict.fromkeys(partitions, 0)
        self._metrics.assigned.set(len(self._lag))
        self._moved_at = time.monotonic()

    def revoked(self, partitions: Iterable[TopicPartition]) -> None:
        for each in partitions:
            self._positions.pop(each, None)
            self._lag.pop(each, None)
            self._metrics.lag.labels(each.topic, str(each.partition)).set(0)
        self._metrics.assigned.set(len(self._lag))

    def committed(self, offsets: dict[TopicPartition, int]) -> None:
        self._positions |= {each: offset for each, offset in offsets.items() if each in self._lag}
        self._moved_at = time.monotonic()

    async def look(self, consumer: AIOKafkaConsumer | None) -> None:
        """Compare what was committed with what the broker has.

        The broker is asked, and not what came with the last fetch: a reader that fetches nothing any more would never
        notice that it lags. While nobody answers, the lag is what it was, and standing still is no fault.
        """
        if consumer is None:
            return
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await self._seed(consumer)
                ends = await consumer.end_offsets(list(self._lag)) if self._lag else {}
        except (KafkaError, TimeoutError):
            self._moved_at = time.monotonic()
            return
        for each in [each for each in ends if each in self._lag]:
            self._lag[each] = max(ends[each] - self._positions.get(each, ends[each]), 0)
            self._metrics.lag.labels(each.topic, str(each.partition)).set(self._lag[each])
        if self.total_lag == 0:
            self._moved_at = time.monotonic()

    async def _seed(self, consumer: AIOKafkaConsumer) -> None:
        """Where the group stood before this process got the partition: no commit of ours is no standstill."""
        for each in [each for each in self._lag if each not in self._positions]:
            committed = await consumer.committed(each)
            if committed is not None and each in self._lag:
                self._positions.setdefault(each, committed)

    @property
    def total_lag(self) -> int:
        return sum(self._lag.values())

    def verdict(self) -> Verdict:
        still_seconds = time.monotonic() - self._moved_at
        stalled = self.total_lag > 0 and not self.waiting and still_seconds > self._stall_seconds
        detail = f"lag {self.total_lag}, no progress for {still_seconds:.0f} s" if stalled else ""
        return Verdict("consumer", not stalled, detail)
