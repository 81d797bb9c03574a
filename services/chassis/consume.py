"""Reads batches of raw records, hands decoded events to one function, and commits explicit offsets.

Every record is decoded alone. A batch that fails is redone record by record, so that one bad record never
stops the rest; a dependency that is down is waited for in place and never makes a dead letter.
"""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

from aiokafka import ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import (
    CommitFailedError,
    IllegalStateError,
    KafkaError,
    NoOffsetForPartitionError,
    OffsetOutOfRangeError,
)
from faststream.kafka import KafkaBroker
from faststream.kafka.message import KafkaAckableMessage
from faststream.kafka.subscriber.usecase import BatchSubscriber
from faststream.middlewares import AckPolicy
from pymongo.errors import OperationFailure, PyMongoError
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from services.chassis.dead_letters import DeadLetters, KeptRecord
from services.chassis.envelope import Incoming, RawRecord, Vocabulary, header
from services.chassis.errors import Failure, Halted, InvalidRecord, LostRace, Unavailable
from services.chassis.health import Heartbeat, Verdict
from services.chassis.kafka import CONSUMER, group_name, topic_name
from services.chassis.logs import cause_of, logger
from services.chassis.metrics import Metrics
from services.chassis.mongo import DEPENDENCY_DOWN, is_servers_fault
from services.chassis.positions import Positions, lost_message
from services.chassis.progress import Progress
from services.chassis.security import broker_security
from services.chassis.settings import ChassisSettings

Apply = Callable[[Sequence[Incoming]], Awaitable[None]]
TRIES_PER_RECORD = 3
RACES_PER_BATCH = 6
GRACEFUL_SECONDS = 25.0
LONGEST_PAUSE_SECONDS = 16.0


class Consumer:
    """One consumer group member. `apply` must take effect for the whole batch or raise."""

    def __init__(
        self,
        settings: ChassisSettings,
        topics: tuple[str, ...],
        vocabulary: Vocabulary,
        apply: Apply,
        positions: Positions,
        dead_letters: DeadLetters,
        metrics: Metrics,
    ) -> None:
        self.topics = topics
        self.halted: str | None = None
        self.heartbeat = Heartbeat(f"{metrics.service}-consumer")
        self.progress = Progress(metrics, settings.stall_seconds)
        self._settings = settings
        self._vocabulary = vocabulary
        self._apply = apply
        self._positions = positions
        self._dead_letters = dead_letters
        self._metrics = metrics
        self._log = logger(metrics.service)
        self._stopping = asyncio.Event()
        self._dead_in_a_row = 0
        self._tasks: list[asyncio.Task[None]] = []
        self.broker = new_broker(settings, _Complaints(self))
        self.subscriber = subscribe(self.broker, settings, metrics.service, topics, self._on_batch, _Rebalance(self))

    async def start(self) -> None:
        """Returns at once: a service serves HTTP while Kafka is away."""
        self._tasks = [
            asyncio.create_task(self._join(), name=f"{self._metrics.service}-join"),
            asyncio.create_task(self._watch(), name=f"{self._metrics.service}-watch"),
        ]

    async def stop(self) -> None:
        self._stopping.set()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.broker.stop()

    async def verdict(self) -> Verdict:
        """Alive unless it stalls: a halt is deliberate and a restart would not mend it, so it stays alive."""
        if self.halted:
            return Verdict("consumer", True, f"halted: {self.halted}")
        return self.progress.verdict()

    async def _join(self) -> None:
        pause_seconds = 0.5
        while not self._stopping.is_set():  # and not only cancelled: a client that closes swallows that
            self.heartbeat.beat()
            try:
                await self._positions.settle()
                await self.broker.start()
                return
            except Halted as halt:
                self.halt(str(halt))
            except (KafkaError, PyMongoError, OSError, TimeoutError) as error:
                self._log.warning("consumer cannot join", cause=cause_of(error), retry_seconds=pause_seconds)
            except Exception:
                self._log.exception("consumer cannot join", retry_seconds=pause_seconds)
            await asyncio.sleep(pause_seconds)
            pause_seconds = min(pause_seconds * 2, 5.0)
            if self.halted:
                self.resume()

    def halt(self, reason: str) -> None:
        if reason != self.halted:
            self._log.error("consumer halted", reason=reason)
        self.halted = reason
        self._metrics.halted.set(1)

    def resume(self) -> None:
        self.halted = None
        self._metrics.halted.set(0)

    async def _on_batch(self, records: tuple[RawRecord, ...]) -> None:
        """Returns only when the batch took effect, or when the process stops: nothing may be passed over."""
        with self._metrics.batch_seconds.time():
            if not await self._take(records):
                return
        await self._commit(records)
        await self._gather(len(records))

    async def _gather(self, taken: int) -> None:
        """Let the next batch grow: small transactions cost nearly as much as large ones."""
        if taken < self._settings.consume_batch_records:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), self._settings.consume_gather_milliseconds / 1000)

    async def _take(self, records: Sequence[RawRecord]) -> bool:
        """Whether the batch took effect; False when the process stops before it could."""
        self._metrics.batch_records.observe(len(records))
        incoming: list[Incoming] = []
        for record in records:
            try:
                incoming.append(self._vocabulary.read(record))
                self._dead_in_a_row = 0
            except InvalidRecord as error:
                if not await self._patiently(partial(self._set_aside, record, error)):
                    return False
        return await self._patiently(partial(self._apply_all, incoming))

    async def _patiently(self, work: Callable[[], Awaitable[None]]) -> bool:
        """Do the work however long its dependencies are down; False when asked to stop meanwhile.

        What nobody foresaw halts the consumer with the batch in its hands: to go on would lose it.
        """
        try:
            while not self._stopping.is_set():
                try:
                    await self._until_dependencies_are_up(work)
                    return True
                except _Stopped:
                    return False
                except Exception as error:
                    self._log.exception("batch cannot be taken")
                    self.halt(f"{cause_of(error)} while taking a batch; see the log, mend it and start again")
            return False
        finally:
            self.progress.waiting = False

    async def _until_dependencies_are_up(self, work: Callable[[], Awaitable[None]]) -> None:
        pauses = wait_random_exponential(multiplier=0.2, max=LONGEST_PAUSE_SECONDS)
        retry = retry_if_exception_type((*DEPENDENCY_DOWN, PyMongoError))
        async for attempt in AsyncRetrying(wait=pauses, retry=retry, sleep=self._sleep, reraise=True):
            with attempt:
                await self._until_halt_ends()
                self.heartbeat.beat()
                self.progress.waiting = attempt.retry_state.attempt_number > 1
                await work()

    async def _sleep(self, seconds: float) -> None:
        self._log.warning("waiting for a dependency", retry_seconds=round(seconds, 1))
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)
        if self._stopping.is_set():
            raise _Stopped

    async def _until_halt_ends(self) -> None:
        while self.halted:
            await self._sleep_quietly()

    async def _sleep_quietly(self) -> None:
        self.heartbeat.beat()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), 1.0)
        if self._stopping.is_set():
            raise _Stopped

    async def _apply_all(self, incoming: Sequence[Incoming]) -> None:
        if not incoming:
            return
        try:
            await self._with_fresh_eyes(incoming)
        except DEPENDENCY_DOWN:
            raise
        except Exception as error:
            self._log.warning("batch fails, redoing it record by record", cause=cause_of(error), records=len(incoming))
            for each in incoming:
                await self._until_halt_ends()
                await self._apply_one(each)
            return
        self._count(incoming)

    async def _with_fresh_eyes(self, incoming: Sequence[Incoming]) -> None:
        """A lost race is run again a few times; one that is lost every time is no race."""
        async for attempt in AsyncRetrying(
            stop=stop_after_attempt(RACES_PER_BATCH),
            wait=wait_random_exponential(multiplier=0.02, max=0.5),
            retry=retry_if_exception_type(LostRace),
            reraise=True,
        ):
            with attempt:
                await self._take_effect(incoming)

    async def _take_effect(self, incoming: Sequence[Incoming]) -> None:
        """What is the database's own fault is none of a record's: it is waited for, and nothing is set aside."""
        try:
            await self._apply(incoming)
        except OperationFailure as error:
            if is_servers_fault(error):
                raise Unavailable(f"the database cannot work now: {cause_of(error)}") from error
            raise

    async def _apply_one(self, incoming: Incoming) -> None:
        retrying = AsyncRetrying(
            stop=stop_after_attempt(TRIES_PER_RECORD),
            wait=wait_random_exponential(multiplier=0.05, max=1),
            retry=_is_bug,
            reraise=True,
        )
        try:
            async for attempt in retrying:
                with attempt:
                    await self._take_effect([incoming])
        except DEPENDENCY_DOWN:
            raise
        except Exception as error:
            self._log.exception("record fails", **place_of(incoming.record))
            await self._set_aside(incoming.record, error)
        else:
            self._count([incoming])

    async def _set_aside(self, record: RawRecord, error: BaseException) -> None:
        if not await self._dead_letters.keep(record, error):
            return  # known since an earlier start, perhaps decided: it must not halt us again
        self._dead_in_a_row += 1
        self._metrics.dead_letters.labels(record.topic).inc()
        self._metrics.events_consumed.labels(record.topic, _type_of(record), "dead").inc()
        self._log.error("dead letter", **place_of(record), dead_in_a_row=self._dead_in_a_row)
        if self._dead_in_a_row >= self._settings.dead_letters_in_a_row:
            self.halt(f"{self._dead_in_a_row} dead letters in a row; see `vanthu dead-letters list`")

    def _count(self, incoming: Sequence[Incoming]) -> None:
        self._dead_in_a_row = 0
        now = datetime.now(UTC)
        for (topic, type), count in Counter((each.record.topic, each.event.type) for each in incoming).items():
            self._metrics.events_consumed.labels(topic, type, "ok").inc(count)
        oldest = min(each.event.recorded_at for each in incoming)
        self._metrics.event_age.observe(max((now - oldest).total_seconds(), 0.0))

    async def _commit(self, records: Sequence[RawRecord]) -> None:
        offsets = {TopicPartition(each.topic, each.partition): each.offset + 1 for each in records}
        consumer = self.subscriber.consumer
        if consumer is None:
            return
        try:
            await consumer.commit(offsets)
        except (CommitFailedError, IllegalStateError):
            self._log.info("partitions moved before the commit; their new owner redoes the batch")
        except KafkaError as error:
            self._log.warning("offsets not committed; the batch will come again", cause=type(error).__name__)
        else:
            self.progress.committed(offsets)

    async def _watch(self) -> None:
        """Measure lag, and take up dead letters that somebody wants replayed."""
        while not self._stopping.is_set():
            await asyncio.sleep(2)
            self.heartbeat.beat()
            with contextlib.suppress(*DEPENDENCY_DOWN, PyMongoError, KafkaError):
                await self.progress.look(self.subscriber.consumer)
                await self._replay()

    async def _replay(self) -> None:
        for row in await self._dead_letters.to_replay():
            record = KeptRecord(row)
            try:
                await self._with_fresh_eyes([self._vocabulary.read(record)])
            except DEPENDENCY_DOWN:
                raise
            except Exception as error:
                await self._dead_letters.keep_again(row["_id"], error)
            else:
                await self._dead_letters.replayed(row["_id"])


class _Stopped(Failure):
    """The process stops while it waits for a dependency."""


class _Rebalance(ConsumerRebalanceListener):  # type: ignore[misc]
    def __init__(self, consumer: Consumer) -> None:
        self._consumer = consumer

    async def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:
        self._consumer.progress.revoked(revoked)

    async def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        self._consumer.progress.assigned(assigned)


class _Complaints:
    """FastStream's logger: what aiokafka reports in the loop is said, and a lost position halts."""

    def __init__(self, consumer: Consumer) -> None:
        self._consumer = consumer

    def log(self, level: int, message: Any, *, exc_info: Any = None, extra: Any = None, **_: Any) -> None:
        log = logger("consumer")
        if isinstance(exc_info, NoOffsetForPartitionError | OffsetOutOfRangeError):
            self._consumer.halt(lost_message(_partitions_of(exc_info), self._consumer.subscriber.group_id or ""))
        elif exc_info is not None:
            log.warning(str(message), exc_info=exc_info)


def _partitions_of(error: BaseException) -> list[TopicPartition]:
    argument = error.args[0] if error.args else None
    if isinstance(argument, dict):
        return list(argument)
    return [argument] if isinstance(argument, TopicPartition) else []


def new_broker(settings: ChassisSettings, complaints: Any) -> KafkaBroker:
    """FastStream's broker without its losing defaults; it only consumes, the relay produces."""
    return KafkaBroker(
        settings.kafka_bootstrap.split(","),
        security=broker_security(settings),
        acks="all",
        enable_idempotence=True,
        ack_policy=AckPolicy.MANUAL,
        allow_auto_create_topics=False,
        consumer_only=True,
        graceful_timeout=GRACEFUL_SECONDS,
        apply_types=False,
        serializer=None,
        logger=complaints,
    )


def subscribe(
    broker: KafkaBroker,
    settings: ChassisSettings,
    service: str,
    topics: tuple[str, ...],
    take: Callable[[tuple[RawRecord, ...]], Awaitable[None]],
    listener: ConsumerRebalanceListener,
) -> BatchSubscriber:
    """A batch subscriber of raw records: nothing of a record is decoded before our own reader sees it."""
    subscriber: BatchSubscriber = broker.subscriber(
        *(topic_name(settings, topic) for topic in topics),
        group_id=group_name(settings, service),
        batch=True,
        max_records=settings.consume_batch_records,
        batch_timeout_ms=settings.consume_idle_milliseconds,
        ack_policy=AckPolicy.MANUAL,
        listener=listener,
        **{name: value for name, value in CONSUMER.items() if name != "enable_auto_commit"},
    )
    subscriber(take, parser=_raw, decoder=_records)
    return subscriber


async def _raw(records: tuple[RawRecord, ...], original: Any) -> Any:
    return KafkaAckableMessage(body=b"", raw_message=records, consumer=original.__self__._consumer)


async def _records(message: Any, original: Any) -> tuple[RawRecord, ...]:
    records: tuple[RawRecord, ...] = message.raw_message
    return records


def _is_bug(state: Any) -> bool:
    error = state.outcome.exception()
    return error is not None and not isinstance(error, (*DEPENDENCY_DOWN, InvalidRecord))


def _type_of(record: RawRecord) -> str:
    try:
        return header(record, "ce_type")[:80] or "none"
    except InvalidRecord:
        return "unreadable"


def place_of(record: RawRecord) -> dict[str, Any]:
    return {"topic": record.topic, "partition": record.partition, "offset": record.offset}
