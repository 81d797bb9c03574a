"""Carries unsent journal rows to Kafka: in order per key, woken by commits, safe to run twice."""

import asyncio
import contextlib
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import (
    InvalidTopicError,
    KafkaConnectionError,
    KafkaError,
    MessageSizeTooLargeError,
    RecordTooLargeError,
    TopicAuthorizationFailedError,
    UnknownTopicOrPartitionError,
)
from pymongo.errors import PyMongoError

from services.chassis.health import Heartbeat
from services.chassis.journal import UNSENT, Journal, in_waves
from services.chassis.kafka import new_producer, topic_name
from services.chassis.lease import Lease
from services.chassis.logs import cause_of, logger
from services.chassis.metrics import Metrics
from services.chassis.mongo import Row
from services.chassis.settings import ChassisSettings

BATCH_ROWS = 1000
STUCK_RETRY_SECONDS = 30.0
SEND_TIMEOUT_SECONDS = 40.0
TOPIC_TIMEOUT_SECONDS = 5.0
START_TIMEOUT_SECONDS = 30.0
END_TIMEOUT_SECONDS = 5.0
SILENT_SECONDS = 120.0  # of its heartbeat: longer than a wave may wait for topics, acknowledgements and a new producer
REFUSED = (
    MessageSizeTooLargeError,
    RecordTooLargeError,
    InvalidTopicError,
    TopicAuthorizationFailedError,
    UnknownTopicOrPartitionError,
)


class Relay:
    """One row per key is in flight. What Kafka refuses is *stuck*, a row's key or a whole topic; others flow."""

    def __init__(
        self, settings: ChassisSettings, journal: Journal, lease: Lease, metrics: Metrics, heartbeat: Heartbeat
    ) -> None:
        self._settings = settings
        self._journal = journal
        self._lease = lease
        self._metrics = metrics
        self._heartbeat = heartbeat
        self._log = logger(metrics.service)
        self._wake = asyncio.Event()
        self._producer: AIOKafkaProducer | None = None
        self._task: asyncio.Task[None] | None = None
        self._stopping = False
        self._pass_began = 0.0
        self._stuck_keys: dict[str, float] = {}
        self._stuck_topics: dict[str, float] = {}
        journal.on_commit(self._wake.set)

    async def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name=f"{self._metrics.service}-relay")

    async def stop(self) -> None:
        self._stopping = True
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._drop_producer()
        await self._lease.release()

    async def _run(self) -> None:
        pause_seconds = self._settings.relay_poll_seconds
        while not self._stopping:
            self._heartbeat.beat()
            try:
                sent = await self._pass()
                pause_seconds = self._settings.relay_poll_seconds
            except Exception as error:
                expected = isinstance(error, (KafkaError, PyMongoError, OSError, TimeoutError))
                self._log.warning(
                    "relay cannot go on",
                    cause=cause_of(error),
                    retry_seconds=pause_seconds,
                    exc_info=None if expected else error,
                )
                await self._drop_producer()
                sent = 0
                pause_seconds = min(pause_seconds * 2, 5.0)
            if sent < BATCH_ROWS:
                await asyncio.sleep(self._settings.relay_gather_milliseconds / 1000)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(pause_seconds):
                        await self._wake.wait()
            self._wake.clear()

    async def _pass(self) -> int:
        """Send one batch; how many rows it looked at. Raises when Kafka or MongoDB cannot be reached."""
        if not await self._lease.hold():
            return 0
        self._pass_began = time.monotonic()
        rows = await self._unsent()
        for wave in in_waves(rows):
            if self._stopping:
                break
            self._heartbeat.beat()
            await self._send(wave)
        return len(rows)

    async def _unsent(self) -> list[Row]:
        wanted: dict[str, Any] = {"unsent": True}
        for field, stuck in (("key", self._stuck_keys), ("topic", self._stuck_topics)):
            if waiting := [each for each in stuck if not self._retry_due(stuck, each)]:
                wanted[field] = {"$nin": waiting}
        cursor = self._journal.rows.find(wanted).sort([("key", 1), ("version", 1)]).limit(BATCH_ROWS)
        return await cursor.to_list(BATCH_ROWS)

    async def _send(self, wave: Sequence[Row]) -> None:
        due = [row for row in wave if self._retry_due(self._stuck_keys, row["key"])]
        if not due or not (flowing := await self._on_known_topics(due)):
            return
        outcomes = await _outcomes(await self._ready_producer(), self._settings, flowing)
        sent = [row for row, outcome in zip(flowing, outcomes, strict=True) if outcome is None]
        await self._mark_sent(sent)
        failures = [(row, each) for row, each in zip(flowing, outcomes, strict=True) if each is not None]
        await self._judge(failures)

    async def _on_known_topics(self, rows: Sequence[Row]) -> list[Row]:
        """Without the rows of topics that Kafka does not have or keeps from us: a send would wait for each of them."""
        producer = await self._ready_producer()
        asked = sorted({row["topic"] for row in rows if self._retry_due(self._stuck_topics, row["topic"])})
        answers = await asyncio.gather(
            *(_known(producer, topic_name(self._settings, each)) for each in asked), return_exceptions=True
        )
        for topic, answer in zip(asked, answers, strict=True):
            if isinstance(answer, REFUSED):
                await self._set_topic_stuck(topic, answer)
            elif isinstance(answer, BaseException):
                raise answer
            else:
                self._stuck_topics.pop(topic, None)
        return [row for row in rows if row["topic"] not in self._stuck_topics]

    async def _set_topic_stuck(self, topic: str, error: BaseException) -> None:
        self._stuck_topics[topic] = time.monotonic()
        cause = f"{type(error).__name__}: {error}"
        self._log.error("Kafka refuses a topic; its events wait", topic=topic, cause=cause)
        waiting = {"unsent": True, "topic": topic}
        await self._journal.rows.update_many(waiting, {"$set": {"stuck": cause}}, hint=UNSENT)

    async def _mark_sent(self, rows: Sequence[Row]) -> None:
        if rows:
            ids = [row["_id"] for row in rows]
            change = {"$set": {"sent_at": datetime.now(UTC)}, "$unset": {"unsent": "", "stuck": ""}}
            await self._journal.rows.update_many({"_id": {"$in": ids}}, change)
            for row in rows:
                self._stuck_keys.pop(row["key"], None)

    async def _judge(self, failures: Sequence[tuple[Row, BaseException]]) -> None:
        """Refused rows are set aside; whatever else happened is the caller's to retry."""
        refused = [(row, error) for row, error in failures if isinstance(error, REFUSED)]
        for row, error in refused:
            await self._set_stuck(row, error)
        if refused:  # a refused send leaves a hole in the idempotent sequence: only a new producer goes on
            await self._drop_producer()
        for _, error in failures:
            if not isinstance(error, REFUSED):
                raise error

    async def _set_stuck(self, row: Row, error: BaseException) -> None:
        self._stuck_keys[row["key"]] = time.monotonic()
        cause = f"{type(error).__name__}: {error}"
        self._log.error("Kafka refuses an event", row=row["_id"], topic=row["topic"], cause=cause)
        await self._journal.rows.update_one({"_id": row["_id"]}, {"$set": {"stuck": cause}})

    def _retry_due(self, stuck: Mapping[str, float], name: str) -> bool:
        """By the pass's beginning: within one pass a later version never overtakes one that has just become stuck."""
        return self._pass_began - stuck.get(name, float("-inf")) >= STUCK_RETRY_SECONDS

    async def _ready_producer(self) -> AIOKafkaProducer:
        if self._producer is None:
            producer = new_producer(self._settings)
            try:
                async with asyncio.timeout(START_TIMEOUT_SECONDS):  # by itself it asks for its id for ever
                    await producer.start()
            except BaseException:
                await _end(producer)
                raise
            self._producer = producer
        return self._producer

    async def _drop_producer(self) -> None:
        producer, self._producer = self._producer, None
        if producer:
            await _end(producer)

    async def measure(self) -> None:
        """Refresh the gauges of unsent rows; cheap, by partial indexes."""
        rows = self._journal.rows
        unsent, stuck = {"unsent": True}, {"unsent": True, "stuck": {"$exists": True}}
        self._metrics.unsent.set(await rows.count_documents(unsent, hint=UNSENT))
        self._metrics.stuck.set(await rows.count_documents(stuck, hint=UNSENT))
        oldest = await rows.find_one({"unsent": True}, sort=[("recorded_at", 1)])
        age = (datetime.now(UTC) - oldest["recorded_at"]).total_seconds() if oldest else 0.0
        self._metrics.unsent_age.set(max(age, 0.0))


async def _end(producer: AIOKafkaProducer) -> None:
    """Lets it send what it has; one that cannot is closed all the same, or it would send that behind its successor."""
    with contextlib.suppress(Exception):
        try:
            async with asyncio.timeout(END_TIMEOUT_SECONDS):
                await producer.stop()
        except TimeoutError:
            async with asyncio.timeout(END_TIMEOUT_SECONDS):
                await producer._sender.close()
                await producer.client.close()


async def _outcomes(
    producer: AIOKafkaProducer, settings: ChassisSettings, rows: Sequence[Row]
) -> list[BaseException | None]:
    """What became of each row, in their order: None once Kafka has acknowledged it."""
    handed: list[asyncio.Future[Any] | Exception] = []
    with contextlib.suppress(TimeoutError):  # a broker that is away blocks the producer when its buffers are full
        async with asyncio.timeout(SEND_TIMEOUT_SECONDS):
            for row in rows:
                handed.append(await _hand_over(producer, settings, row))  # noqa: PERF401 - kept when it times out
            if acknowledgements := [each for each in handed if isinstance(each, asyncio.Future)]:
                await asyncio.wait(acknowledgements)
    handed += [TimeoutError("Kafka takes no more for now")] * (len(rows) - len(handed))
    return [_outcome(each) if isinstance(each, asyncio.Future) else each for each in handed]


async def _known(producer: AIOKafkaProducer, topic: str) -> None:
    """Returns at once for a topic that Kafka has; raises one of REFUSED for another."""
    try:
        async with asyncio.timeout(TOPIC_TIMEOUT_SECONDS):  # wait_for of Python 3.11 may swallow a cancellation
            await producer.partitions_for(topic)
    except TimeoutError:
        async with asyncio.timeout(TOPIC_TIMEOUT_SECONDS):
            if not await producer.client.force_metadata_update():
                raise KafkaConnectionError("Kafka does not say which topics it has") from None
        raise UnknownTopicOrPartitionError(f"{topic}; `vanthu doctor` says which topics are missing") from None


async def _hand_over(
    producer: AIOKafkaProducer, settings: ChassisSettings, row: Row
) -> "asyncio.Future[Any] | Exception":
    """The acknowledgement to come, or why the producer does not take the row."""
    headers = [(name, value.encode()) for name, value in row["headers"].items()]
    try:
        acknowledgement: asyncio.Future[Any] = await producer.send(
            topic_name(settings, row["topic"]), row["value"].encode(), key=row["key"].encode(), headers=headers
        )
    except Exception as error:
        return error
    return acknowledgement


def _outcome(acknowledgement: "asyncio.Future[Any]") -> BaseException | None:
    if not acknowledgement.done():
        return TimeoutError(f"no acknowledgement within {SEND_TIMEOUT_SECONDS:g} s")
    return KafkaError("the producer was stopped") if acknowledgement.cancelled() else acknowledgement.exception()
