"""Kafka's records of a subject are made unreadable, once everybody has read them. Kafka is transport: journals stay."""

from aiokafka import TopicPartition

from services.chassis.errors import Failure
from services.chassis.kafka import (
    Position,
    delete_until,
    group_name,
    group_positions,
    missing_topics,
    partition_of,
    topic_name,
)
from services.chassis.settings import ChassisSettings
from services.cli.check.ground import HEARS
from services.cli.waiting import until

TOPICS = ("documents", "assignments", "notices")
OTHER_KAFKA = (
    "Other settings than the services' would leave their events readable. Set VANTHU_KAFKA_BOOTSTRAP, "
    "VANTHU_KAFKA_TOPIC_PREFIX and VANTHU_KAFKA_PARTITIONS as they have them (`vanthu settings`), then run the same again."
)


async def empty_kafka(settings: ChassisSettings, document_id: str, ends: float) -> dict[str, int]:
    """Its partitions up to where they end now, also what others said there: the journals have that."""
    await _check_topics(settings)
    positions = await group_positions(settings, group_name(settings, "reporting"), TOPICS)
    number = partition_of(document_id, settings.kafka_partitions)
    ends_of = {each: at.following for each, at in positions.items() if each.partition == number}
    if len(ends_of) != len(TOPICS) or not ends_of[TopicPartition(topic_name(settings, "documents"), number)]:
        raise Failure(f"Kafka at {settings.kafka_bootstrap} has nothing of {document_id}. {OTHER_KAFKA}")
    await until(ends, "{} has not read Kafka so far yet", lambda: _behind(settings, ends_of))
    return {f"{each.topic}[{each.partition}]": first for each, first in (await delete_until(settings, ends_of)).items()}


async def _check_topics(settings: ChassisSettings) -> None:
    """Raises Failure where these are not the services' topics: nothing would be deleted, and seem to be."""
    if lacking := await missing_topics(settings, TOPICS):
        named = ", ".join(
            f"{topic_name(settings, each.topic)} has {each.partitions} of {settings.kafka_partitions} partitions"
            for each in lacking
        )
        raise Failure(f"At {settings.kafka_bootstrap} {named}. {OTHER_KAFKA}")


async def _behind(settings: ChassisSettings, ends_of: dict[TopicPartition, int]) -> list[str]:
    late = []
    for service, topics in HEARS.items():
        heard = tuple(each for each in TOPICS if each in topics)
        positions = await group_positions(settings, group_name(settings, service), heard)
        if any(_is_behind(positions[each], last) for each, last in ends_of.items() if each in positions):
            late.append(service)
    return late


def _is_behind(position: Position, last: int) -> bool:
    return position.committed is None or position.committed < last
