"""A broker that asks who may do what: until somebody denies something, everybody may do everything."""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum
from pathlib import Path

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.protocol.admin import CreateAclsRequest, DeleteAclsRequest

from services.embedded.folder import DataFolder
from services.embedded.kafka import Kafka

AUTHORIZER = """
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
allow.everyone.if.no.acl.found=true
"""
TOPIC, LITERAL, ANYBODY, ANY_HOST = 2, 3, "User:ANONYMOUS", "*"


class Operation(IntEnum):
    """Kafka's numbers."""

    ALL = 2
    WRITE = 4


class Permission(IntEnum):
    DENY = 2
    ALLOW = 3


class GuardedKafka(Kafka):
    def _write_properties(self) -> None:
        super()._write_properties()
        with (self._home / "server.properties").open("a") as file:
            file.write(AUTHORIZER)


@contextmanager
def guarded_kafka(folder: Path) -> Iterator[str]:
    """Its address."""
    folder.mkdir()
    data = DataFolder(folder)
    data.claim()
    server = GuardedKafka(data, print)
    try:
        server.prepare()
        server.launch()
        server.await_ready()
        yield server.address
    finally:
        server.process.ask_to_stop()
        server.process.wait_until_stopped()
        data.release()


async def deny_writing(admin: AIOKafkaAdminClient, topic: str) -> None:
    """As an operator's mistake would: everything else on the topic stays allowed."""
    await _create(admin, topic, Operation.ALL, Permission.ALLOW)
    await _create(admin, topic, Operation.WRITE, Permission.DENY)


async def allow_writing(admin: AIOKafkaAdminClient, topic: str) -> None:
    request = DeleteAclsRequest(TOPIC, topic, LITERAL, ANYBODY, ANY_HOST, Operation.WRITE, Permission.DENY)
    answer = await admin._send_to_controller(request)
    assert [(code, len(found)) for code, _, found in answer.filter_responses] == [(0, 1)]


async def _create(admin: AIOKafkaAdminClient, topic: str, operation: Operation, permission: Permission) -> None:
    request = CreateAclsRequest(TOPIC, topic, LITERAL, ANYBODY, ANY_HOST, operation, permission)
    answer = await admin._send_to_controller(request)
    assert [code for code, *_ in answer.creation_responses] == [0]
