"""Real Kafka and MongoDB for a benchmark, and installations on them that nobody else uses."""

import contextlib
import os
import tempfile
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
from aiokafka.admin import AIOKafkaAdminClient
from pydantic import SecretStr

from services.chassis.kafka import client_options, create_topics, topic_name
from services.chassis.mongo import connect
from services.chassis.settings import ChassisSettings
from services.embedded import EmbeddedServers, Endpoints
from services.events import TOPICS

ROOT = Path(__file__).parent.parent.parent
METRICS_TOKEN = "bench"


@dataclass(frozen=True)
class Stack:
    """`servers` are the processes of those servers that were started here."""

    folder: Path
    endpoints: Endpoints
    servers: dict[str, psutil.Process]

    def settings(self, prefix: str) -> ChassisSettings:
        return ChassisSettings(
            mongo_url=SecretStr(self.endpoints.mongo_url),
            kafka_bootstrap=self.endpoints.kafka_bootstrap,
            mongo_database_prefix=prefix,
            kafka_topic_prefix=prefix,
            kafka_replication=1,
            instance=prefix,
        )

    def environment(self, prefix: str) -> dict[str, str]:
        """For a process that is to work on this installation."""
        return {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "VANTHU_MONGO_URL": self.endpoints.mongo_url,
            "VANTHU_KAFKA_BOOTSTRAP": self.endpoints.kafka_bootstrap,
            "VANTHU_MONGO_DATABASE_PREFIX": prefix,
            "VANTHU_KAFKA_TOPIC_PREFIX": prefix,
            "VANTHU_KAFKA_REPLICATION": "1",
            "VANTHU_METRICS_TOKEN": METRICS_TOKEN,
            "VANTHU_LOG_LEVEL": "WARNING",
            "VANTHU_DATA": str(self.data(prefix)),
        }

    def data(self, prefix: str) -> Path:
        return self.folder / "data" / prefix

    @asynccontextmanager
    async def installation(self) -> AsyncIterator[str]:
        """The prefix of empty topics and databases, which are dropped afterwards."""
        prefix = f"bench{uuid.uuid4().hex[:8]}"
        settings = self.settings(prefix)
        self.data(prefix).mkdir(parents=True)
        await create_topics(settings, TOPICS)
        try:
            yield prefix
        finally:
            with contextlib.suppress(Exception):
                await _drop(settings)


async def _drop(settings: ChassisSettings) -> None:
    client = connect(settings.mongo_url.get_secret_value())
    for name in await client.list_database_names():
        if name.startswith(f"{settings.mongo_database_prefix}_"):
            await client.drop_database(name)
    client.close()
    admin = AIOKafkaAdminClient(**client_options(settings))
    await admin.start()
    try:
        await admin.delete_topics([topic_name(settings, topic) for topic in TOPICS])
    finally:
        await admin.close()


@contextmanager
def stack(kafka_bootstrap: str | None = None) -> Iterator[Stack]:
    """Servers named in the environment are used as they are; others are started in a folder of their own.

    With a `kafka_bootstrap`: that Kafka, and a mongod of its own, whatever the environment names.
    """
    mongo_url = None if kafka_bootstrap else os.environ.get("VANTHU_MONGO_URL")
    bootstrap = kafka_bootstrap or os.environ.get("VANTHU_KAFKA_BOOTSTRAP")
    with tempfile.TemporaryDirectory(prefix="vanthu-bench-") as name:
        folder = Path(name)
        embedded = EmbeddedServers(folder / "servers", mongo_url=mongo_url, kafka_bootstrap=bootstrap)
        try:
            endpoints = embedded.start()
            servers = {name: psutil.Process(pid) for name, pid in embedded.processes().items()}
            yield Stack(folder, endpoints, servers)
        finally:
            embedded.stop()
