"""Kafka away: uploads go on. MongoDB away: 503, no number used. Both resume by themselves."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from services.chassis.kafka import create_topics
from services.chassis.settings import ChassisSettings
from services.cli.databases import opened
from services.embedded import EmbeddedServers
from services.events import TOPICS
from services.intake.app import build as build_intake
from services.intake.device_keys import DeviceKeys
from services.intake.settings import IntakeSettings
from services.routing.app import build as build_routing
from services.routing.app import opened_office
from services.routing.loading import create_token, judged, load
from services.routing.settings import RoutingSettings
from tests.cli.vanthu import OFFICE_FILE, PDF, incoming
from tests.eventually import eventually
from tests.harness import as_bearer, running

OFFICE = "vpubnd"


@dataclass
class Both:
    """Each server can be stopped and started again with its data, on its port."""

    kafka: EmbeddedServers
    mongo: EmbeddedServers
    client: httpx.AsyncClient
    key: str
    token: str

    async def post(self, n: int) -> httpx.Response:
        files = {
            "metadata": (None, httpx.Response(200, json=incoming()).content, "application/json"),
            "file": ("scan.pdf", PDF + b"%%%d" % n, "application/pdf"),
        }
        headers = {**as_bearer(self.key), "Idempotency-Key": f"n{n}"}
        return await self.client.post("/intake/api/v1/documents", files=files, headers=headers)

    async def assignment(self, id: str) -> dict[str, Any]:
        answer = await self.client.get(f"/routing/api/v1/documents/{id}", headers=as_bearer(self.token))
        return answer.json() if answer.status_code == 200 else {}

    async def ready(self) -> int:
        return (await self.client.get("/intake/health/ready")).status_code


@pytest.fixture
async def both(tmp_path: Path) -> AsyncIterator[Both]:
    mongo = EmbeddedServers(tmp_path / "mongo", kafka_bootstrap="unused:1")
    kafka = EmbeddedServers(tmp_path / "kafka", mongo_url="mongodb://unused:1")
    try:
        url, bootstrap = mongo.start().mongo_url, kafka.start().kafka_bootstrap
        settings = ChassisSettings(
            mongo_url=SecretStr(url), kafka_bootstrap=bootstrap, kafka_partitions=2, kafka_replication=1
        )
        await create_topics(settings, TOPICS)
        given = settings.model_dump()
        intake = build_intake(IntakeSettings(**given, data_folder=tmp_path / "data"))
        routing = build_routing(RoutingSettings(**given))
        async with running(intake, routing) as client:
            async with opened_office(RoutingSettings(**given)) as office:
                await load(judged(OFFICE_FILE.read_bytes()), office)
                token = await create_token(office, OFFICE, "van-thu", 1)
            async with opened(settings, "intake") as database:
                key = await DeviceKeys(database).create(OFFICE, "scan-1", "incoming", "incoming")
            yield Both(kafka, mongo, client, key, token)
    finally:
        await asyncio.to_thread(kafka.stop)
        await asyncio.to_thread(mongo.stop)


async def test_uploads_go_on_without_kafka_and_everything_drains_when_it_is_back(both: Both) -> None:
    await asyncio.to_thread(both.kafka.stop)
    answers = [await both.post(n) for n in range(5)]
    assert [answer.json()["number"] for answer in answers] == [1, 2, 3, 4, 5]
    assert await both.ready() == 200
    await asyncio.to_thread(both.kafka.start)
    for answer in answers:
        state = await eventually(partial(both.assignment, answer.json()["id"]), seconds=60)
        assert state["state"]["status"] == "assigned"


async def test_without_mongodb_an_upload_is_refused_with_503_and_no_number_is_used(both: Both) -> None:
    assert (await both.post(1)).json()["number"] == 1
    await asyncio.to_thread(both.mongo.stop)
    started = time.monotonic()
    refused = await both.post(2)
    assert refused.status_code == 503
    assert int(refused.headers["retry-after"]) >= 1
    assert "same Idempotency-Key" in refused.json()["remedy"]
    assert time.monotonic() - started < 25
    assert await both.ready() == 503
    assert (await both.client.get("/intake/health/live")).status_code == 200
    await asyncio.to_thread(both.mongo.start)

    async def accepted() -> httpx.Response | None:
        answer = await both.post(2)
        return answer if answer.status_code == 201 else None

    answer = await eventually(accepted, seconds=60)
    assert answer is not None
    assert answer.json()["number"] == 2
    state = await eventually(partial(both.assignment, answer.json()["id"]), seconds=60)
    assert state["state"]["status"] == "assigned"
