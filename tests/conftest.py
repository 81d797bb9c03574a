"""Real Kafka and MongoDB for the whole run; each test has topics and databases of its own."""

import contextlib
import os
import tempfile
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from services.chassis.kafka import create_topics
from services.chassis.mongo import connect
from services.chassis.settings import ChassisSettings
from services.embedded import EmbeddedServers, Endpoints
from services.events import TOPICS
from tests.bad_input.budget import RECORDED


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """How many bad inputs were executed and accepted, also when other processes did it."""
    passed = terminalreporter.getreports("passed")
    said = [value for report in passed for name, value in report.user_properties if name == RECORDED]
    if said:
        terminalreporter.section(RECORDED)
    for each in sorted(said):
        terminalreporter.line(each)


@pytest.fixture(scope="session")
def servers() -> Iterator[Endpoints]:
    """One broker and one replica set; those named in the environment are used instead."""
    mongo_url, bootstrap = os.environ.get("VANTHU_MONGO_URL"), os.environ.get("VANTHU_KAFKA_BOOTSTRAP")
    with tempfile.TemporaryDirectory(prefix="vanthu-test-") as folder:
        embedded = EmbeddedServers(Path(folder), mongo_url=mongo_url, kafka_bootstrap=bootstrap)
        try:
            yield embedded.start()
        finally:
            embedded.stop()


@pytest.fixture
async def settings(servers: Endpoints) -> AsyncIterator[ChassisSettings]:
    """Settings of an installation nobody else uses; its topics exist."""
    result = await new_settings(servers)
    yield result
    with contextlib.suppress(Exception):
        await drop_databases(result)


async def new_settings(servers: Endpoints) -> ChassisSettings:
    """Of an installation nobody else uses; its topics exist, its databases are the caller's to drop."""
    name = f"t{uuid.uuid4().hex[:10]}"
    result = ChassisSettings(
        mongo_url=SecretStr(servers.mongo_url),
        kafka_bootstrap=servers.kafka_bootstrap,
        mongo_database_prefix=name,
        kafka_topic_prefix=name,
        kafka_partitions=2,
        kafka_replication=1,
        instance=name,
    )
    await create_topics(result, TOPICS)
    return result


async def drop_databases(settings: ChassisSettings) -> None:
    client = connect(settings.mongo_url.get_secret_value())
    for name in await client.list_database_names():
        if name.startswith(settings.mongo_database_prefix):
            await client.drop_database(name)
    client.close()
