"""The newest records of a topic, read by nobody's group: what a service said last, whatever its database remembers."""

from collections.abc import AsyncGenerator

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from services.chassis.kafka import CONSUMER, client_options, topic_name
from services.chassis.settings import ChassisSettings

SILENT_MILLISECONDS = 200


async def newest_values(settings: ChassisSettings, topic: str, most: int) -> AsyncGenerator[bytes, None]:
    """Of each partition the last `most` at the time of asking; nothing where there is no such topic.

    Raises KafkaError, and waits long for servers that do not answer: the caller limits that.
    """
    partitions = await partitions_of(settings, topic)
    if not partitions:
        return
    consumer = AIOKafkaConsumer(**client_options(settings), **CONSUMER)
    try:
        await consumer.start()
        consumer.assign(partitions)
        first, ends = await consumer.beginning_offsets(partitions), await consumer.end_offsets(partitions)
        for each in partitions:
            consumer.seek(each, max(first[each], ends[each] - most))
        while any([await consumer.position(each) < ends[each] for each in partitions]):
            for records in (await consumer.getmany(timeout_ms=SILENT_MILLISECONDS)).values():
                for record in records:
                    yield record.value or b""
    finally:
        await consumer.stop()


async def partitions_of(settings: ChassisSettings, topic: str) -> list[TopicPartition]:
    """Without making the topic, as a consumer's question may."""
    admin = AIOKafkaAdminClient(**client_options(settings))
    try:
        await admin.start()
        described = await admin.describe_topics()
    finally:
        await admin.close()
    name = topic_name(settings, topic)
    found = [each for each in described if each["topic"] == name]
    return [TopicPartition(name, each["partition"]) for topic in found for each in topic["partitions"]]
