"""The clients' defaults that lose messages are all set otherwise, and stay so."""

from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.errors import KafkaError
from faststream.middlewares import AckPolicy
from motor.motor_asyncio import AsyncIOMotorClient
from pymongo import ReadPreference
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from services.chassis.consume import GRACEFUL_SECONDS, new_broker, subscribe
from services.chassis.kafka import CONSUMER, PRODUCER, new_producer
from services.chassis.mongo import connect
from services.chassis.settings import ChassisSettings


async def ignore(_: Any) -> None:
    return None


def test_mongodb_acknowledges_by_majority_and_journal_and_reads_majority_data() -> None:
    client: AsyncIOMotorClient[dict[str, Any]] = connect("mongodb://127.0.0.1:1/?replicaSet=x", connect=False)
    assert client.write_concern == WriteConcern(w="majority", j=True, wtimeout=10_000)
    assert client.read_concern == ReadConcern("majority")
    assert client.delegate.options.retry_writes
    assert client.delegate.options.server_selection_timeout == 5
    client.close()


def test_an_address_cannot_send_reads_to_a_secondary_which_may_not_know_of_the_last_write() -> None:
    url = "mongodb://127.0.0.1:1/?replicaSet=x&readPreference=secondaryPreferred"
    client: AsyncIOMotorClient[dict[str, Any]] = connect(url, connect=False)
    assert client.read_preference == ReadPreference.PRIMARY
    client.close()


async def test_the_producer_waits_for_all_replicas_and_is_idempotent() -> None:
    assert (PRODUCER["acks"], PRODUCER["enable_idempotence"]) == ("all", True)
    producer: AIOKafkaProducer = new_producer(ChassisSettings(kafka_bootstrap="127.0.0.1:1"))
    assert producer._sender._acks == -1
    assert producer._txn_manager is not None
    try:
        await producer.start()
    except KafkaError:
        await producer.stop()


async def test_the_consumer_never_skips_never_commits_by_itself_and_has_time_to_hand_over() -> None:
    settings = ChassisSettings(kafka_bootstrap="127.0.0.1:1")
    broker = new_broker(settings, None)
    subscriber = subscribe(broker, settings, "notify", ("documents",), ignore, None)
    consumer: AIOKafkaConsumer = subscriber.builder(group_id="g", **subscriber._connection_args)
    assert consumer._auto_offset_reset == "none"
    assert consumer._enable_auto_commit is False
    assert consumer._isolation_level == "read_committed"
    assert consumer._rebalance_timeout_ms == 60_000
    assert (consumer._session_timeout_ms, consumer._heartbeat_interval_ms) == (6_000, 1_500)
    assert consumer._group_instance_id is None
    assert CONSUMER["partition_assignment_strategy"] == (RangePartitionAssignor,)
    await consumer.stop()


def test_faststream_acknowledges_nothing_by_itself_and_drains_before_it_stops() -> None:
    broker = new_broker(ChassisSettings(), None)
    assert broker.config.broker_config.ack_policy is AckPolicy.MANUAL
    assert broker.config.broker_config.allow_auto_create_topics is False
    assert broker.config.broker_config.graceful_timeout == GRACEFUL_SECONDS > 15
