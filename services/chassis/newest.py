"""The newest records of a topic, read by nobody's group: what a service said last, whatever its database remembers."""

from collections.abc import AsyncGenerator

from aiokafka import TopicPartition

from services.chassis.kafka import started_admin, started_consumer, topic_name
from services.chassis.settings import ChassisSettings

SILENT_MILLISECONDS = 200


async def newest_values(settings: ChassisSettings, topic: str, most: int) -> AsyncGenerator[bytes, None]:
    """Of each partition the last `most` at the time of asking; nothing where there is no such topic.

    Raises KafkaError, and waits long for servers that do not answer: the caller limits that.
    """
    partitions = await partitions_of(settings, topic)
    if not partitions:
        return
    async with started_consumer(settings) as consumer:
        consumer.assign(partitions)
        first, ends = await consumer.beginning_offsets(partitions), await consumer.end_offsets(partitions)
        for each in partitions:
            consumer.seek(each, max(first[each], ends[each] - most))
        while any([await consumer.position(each) < ends[each] for each in partitions]):
            for records in (await consumer.getmany(timeout_ms=SILENT_MILLISECONDS)).values():
                for record in records:
                    yield record.value or b""


async def partitions_of(settings: ChassisSettings, topic: str) -> list[TopicPartition]:
    """Without making the topic, as a consumer's question may."""
    async with started_admin(settings) as admin:
        described = await admin.describe_topics()
    name = topic_name(settings, topic)
    found = [each for each in described if each["topic"] == name]
    return [TopicPartition(name, each["partition"]) for topic in found for each in topic["partitions"]]
