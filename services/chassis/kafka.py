"""How Vanthu talks to Kafka: every dangerous default of the clients is set here, in one place."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic, RecordsToDelete
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.errors import TopicAlreadyExistsError, for_code
from aiokafka.partitioner import DefaultPartitioner

from services.chassis import closed_transports
from services.chassis.settings import ChassisSettings

closed_transports.are_broken_connections()

RETENTION_MILLISECONDS = 30 * 24 * 3600 * 1000

PRODUCER: dict[str, Any] = {
    "acks": "all",
    "enable_idempotence": True,
    "linger_ms": 2,
    "compression_type": "zstd",
    "max_batch_size": 256 * 1024,
    "max_request_size": 1024 * 1024,
    "request_timeout_ms": 30_000,
}
CONSUMER: dict[str, Any] = {
    "auto_offset_reset": "none",
    "enable_auto_commit": False,
    "isolation_level": "read_committed",
    # After a kill -9 nobody reads its partitions for so long, and the service has to be back at work within 10 s.
    "session_timeout_ms": 6_000,  # less than this a broker takes only where its group.min.session.timeout.ms is lower
    "heartbeat_interval_ms": 1_500,
    "rebalance_timeout_ms": 60_000,
    "max_poll_interval_ms": 600_000,
    "fetch_min_bytes": 64 * 1024,  # with the next line: a fetch per pause and not per record
    "fetch_max_wait_ms": 60,
    "partition_assignment_strategy": (RangePartitionAssignor,),
}


def topic_name(settings: ChassisSettings, topic: str) -> str:
    return f"{settings.kafka_topic_prefix}.{topic}"


def group_name(settings: ChassisSettings, service: str) -> str:
    return f"{settings.kafka_topic_prefix}.{service}"


def client_options(settings: ChassisSettings) -> dict[str, Any]:
    """Address and credentials, as every aiokafka client takes them."""
    options: dict[str, Any] = {
        "bootstrap_servers": settings.kafka_bootstrap.split(","),
        "security_protocol": settings.kafka_security_protocol,
    }
    if settings.kafka_security_protocol.endswith("SSL"):
        cafile = str(settings.kafka_ca_file) if settings.kafka_ca_file else None
        options["ssl_context"] = ssl.create_default_context(cafile=cafile)
    if settings.kafka_security_protocol.startswith("SASL"):
        password = settings.kafka_sasl_password
        options |= {
            "sasl_mechanism": settings.kafka_sasl_mechanism,
            "sasl_plain_username": settings.kafka_sasl_username,
            "sasl_plain_password": password.get_secret_value() if password else None,
        }
    return options


def new_producer(settings: ChassisSettings) -> AIOKafkaProducer:
    return AIOKafkaProducer(**client_options(settings), **PRODUCER)


@asynccontextmanager
async def started_consumer(settings: ChassisSettings, group: str | None = None) -> AsyncIterator[AIOKafkaConsumer]:
    """Reads what it is told to, without joining the group; stopped also where it could not start. Raises KafkaError."""
    consumer = AIOKafkaConsumer(**client_options(settings), **CONSUMER, group_id=group)
    try:
        await consumer.start()
        yield consumer
    finally:
        await consumer.stop()


@asynccontextmanager
async def started_admin(settings: ChassisSettings) -> AsyncIterator[AIOKafkaAdminClient]:
    """Closed also where it could not start. Raises KafkaError."""
    admin = AIOKafkaAdminClient(**client_options(settings))
    try:
        await admin.start()
        yield admin
    finally:
        await admin.close()


@dataclass(frozen=True)
class Missing:
    """A topic that is not there, or has another number of partitions than the settings say."""

    topic: str
    partitions: int


async def missing_topics(settings: ChassisSettings, topics: tuple[str, ...]) -> list[Missing]:
    async with started_admin(settings) as admin:
        found = {each["topic"]: each for each in await admin.describe_topics()}
    counts = {topic: len(found.get(topic_name(settings, topic), {}).get("partitions", ())) for topic in topics}
    return [Missing(topic, count) for topic, count in counts.items() if count != settings.kafka_partitions]


async def create_topics(settings: ChassisSettings, topics: tuple[str, ...]) -> None:
    """Create what is missing; what exists stays as it is."""
    async with started_admin(settings) as admin:
        reply = await admin.create_topics([_new_topic(settings, topic) for topic in topics])
    for name, code, *rest in reply.topic_errors:
        if code and for_code(code) is not TopicAlreadyExistsError:
            raise for_code(code)(f"topic {name}: {rest[0] if rest else ''}")


def _new_topic(settings: ChassisSettings, topic: str) -> NewTopic:
    return NewTopic(
        topic_name(settings, topic),
        num_partitions=settings.kafka_partitions,
        replication_factor=settings.kafka_replication,
        topic_configs={
            "cleanup.policy": "delete",
            # By the broker's clock: it refuses records that a sender stamps more than an hour ahead, and would
            # throw away at once what a sender's clock puts before the time that records are kept.
            "message.timestamp.type": "LogAppendTime",
            "retention.ms": str(RETENTION_MILLISECONDS),
            "min.insync.replicas": str(max(1, settings.kafka_replication - 1)),
        },
    )


async def group_positions(
    settings: ChassisSettings, group: str, topics: tuple[str, ...]
) -> dict[TopicPartition, "Position"]:
    """Where a group stands, against each partition's first and next offset. Joins nothing."""
    async with started_consumer(settings, group) as consumer:
        partitions = await _partitions(consumer, settings, topics)
        consumer.assign(partitions)
        # In this order: a group that works may commit meanwhile, and must not seem to be ahead of the log.
        committed = {each: await consumer.committed(each) for each in partitions}
        first = await consumer.beginning_offsets(partitions)
        following = await consumer.end_offsets(partitions)
        return {each: Position(committed[each], first[each], following[each]) for each in partitions}


def partition_of(key: str, partitions: int) -> int:
    """Where the relay's producer puts records of this key."""
    number: int = DefaultPartitioner()(key.encode(), list(range(partitions)), [])
    return number


async def delete_until(settings: ChassisSettings, until: dict[TopicPartition, int]) -> dict[TopicPartition, int]:
    """The partitions' first readable offsets, once everything before these offsets is unreadable."""
    async with started_admin(settings) as admin:
        wanted = {each: RecordsToDelete(before_offset=offset) for each, offset in until.items()}
        first: dict[TopicPartition, int] = await admin.delete_records(wanted)
        return first


async def commit_start(settings: ChassisSettings, group: str, partitions: dict[TopicPartition, int]) -> None:
    """Set the position of a group that nobody is in; raises KafkaError while somebody is."""
    async with started_consumer(settings, group) as consumer:
        consumer.assign(list(partitions))
        await consumer.commit(partitions)


@dataclass(frozen=True)
class Position:
    """`committed` is None where the group never committed."""

    committed: int | None
    first: int
    following: int

    @property
    def lag(self) -> int:
        return self.following - (self.committed if self.committed is not None else self.first)

    @property
    def lost(self) -> bool:
        """There is none, or the log has lost what was before it: by age, or at its end by a power cut."""
        return self.committed is None or not self.first <= self.committed <= self.following


async def _partitions(
    consumer: AIOKafkaConsumer, settings: ChassisSettings, topics: tuple[str, ...]
) -> list[TopicPartition]:
    result = []
    for topic in topics:
        name = topic_name(settings, topic)
        await consumer._client.add_topic(name)  # the public call forgets topics that nobody subscribed to
        numbers = consumer.partitions_for_topic(name) or set()
        result += [TopicPartition(name, number) for number in sorted(numbers)]
    return result
