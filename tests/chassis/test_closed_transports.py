"""What becomes of a Kafka client whose connection closes under it, in the loop that the services run in."""

import asyncio

import pytest
import uvloop
from aiokafka.conn import create_conn
from aiokafka.errors import KafkaConnectionError
from aiokafka.protocol.metadata import MetadataRequest

from services.chassis import kafka
from services.embedded import Endpoints


def test_a_closed_transport_is_a_broken_connection_and_no_bug(servers: Endpoints) -> None:
    """A background task may write between the transport's end and the reader's notice of it."""
    assert kafka.CONSUMER  # which clients of ours are made by
    host, _, port = servers.kafka_bootstrap.partition(":")

    async def written_to_a_closed_transport() -> None:
        connection = await create_conn(host, int(port))
        connection._writer.transport.abort()
        await asyncio.sleep(0)  # in this turn of the loop it is closed, and in the next one the connection hears of it
        with pytest.raises(KafkaConnectionError):
            await connection.send(MetadataRequest([]))
        assert not connection.connected()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(written_to_a_closed_transport())
