"""A document and a record that a test leaves behind, and finds again if nothing was lost."""

import asyncio

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from motor.motor_asyncio import AsyncIOMotorClient

from services.embedded import Endpoints

TOPIC = "proof"
NOTE = "Công văn số 1 đến"


def leave_proof(endpoints: Endpoints) -> None:
    asyncio.run(_leave(endpoints))


def find_proof(endpoints: Endpoints) -> tuple[list[str], list[str]]:
    """Every note that MongoDB has, and every one that Kafka has."""
    return asyncio.run(_find(endpoints))


async def _leave(endpoints: Endpoints) -> None:
    mongo: AsyncIOMotorClient[dict[str, str]] = AsyncIOMotorClient(endpoints.mongo_url)
    async with await mongo.start_session() as session, session.start_transaction():
        await mongo.proof.notes.insert_one({"note": NOTE}, session=session)
    mongo.close()
    await _make_topic(endpoints.kafka_bootstrap)
    async with AIOKafkaProducer(bootstrap_servers=endpoints.kafka_bootstrap, enable_idempotence=True) as producer:
        await producer.send_and_wait(TOPIC, NOTE.encode(), partition=0)


async def _make_topic(bootstrap: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    await admin.create_topics([NewTopic(TOPIC, num_partitions=1, replication_factor=1)])
    await admin.close()


async def _find(endpoints: Endpoints) -> tuple[list[str], list[str]]:
    mongo: AsyncIOMotorClient[dict[str, str]] = AsyncIOMotorClient(endpoints.mongo_url)
    documents = await mongo.proof.notes.find().to_list(None)
    mongo.close()
    async with AIOKafkaConsumer(bootstrap_servers=endpoints.kafka_bootstrap) as consumer:
        partition = TopicPartition(TOPIC, 0)
        consumer.assign([partition])
        await consumer.seek_to_beginning(partition)
        records = await consumer.getmany(partition, timeout_ms=10_000)
    return [document["note"] for document in documents], [record.value.decode() for record in records[partition]]
