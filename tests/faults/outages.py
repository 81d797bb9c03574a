"""Kafka and MongoDB of a test's own that it takes away for long, and a receiver that hears of documents meanwhile."""

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

from services.embedded import EmbeddedServers, Endpoints
from tests.faults.cluster import until
from tests.faults.lab import OFFICE, READERS, Lab, opened_lab
from tests.faults.load import Senders
from tests.harness import as_bearer
from tests.notify.receiver import Receiver

# Longer than whatever waits: sends 40, refused rows 30, silent parts and a reader's standstill 120.
AWAY_SECONDS = 160.0
NEWS_SECONDS = 30.0
NEWS = {"VANTHU_NEWS_HOURS": str(NEWS_SECONDS / 3600), "VANTHU_WEBHOOK_ALLOW_PRIVATE_ADDRESSES": "true"}
BACK_SECONDS = 90.0


@asynccontextmanager
async def at_work(seed: int, folder: Path) -> AsyncIterator[tuple[Lab, Senders, EmbeddedServers, EmbeddedServers]]:
    """With Kafka and MongoDB of this test's own, so that nobody else is without them."""
    kafka = EmbeddedServers(folder / "kafka", mongo_url="mongodb://unused:1")
    mongo = EmbeddedServers(folder / "mongo", kafka_bootstrap="unused:1")
    try:
        endpoints = Endpoints(mongo.start().mongo_url, kafka.start().kafka_bootstrap)
        async with opened_lab(endpoints, folder / "lab") as lab, lab.senders(seed) as senders:
            intake = lab.replica("intake", "intake")
            await lab.start(intake, lab.replica("readers", *READERS, **NEWS))
            yield lab, senders, kafka, mongo
    finally:
        kafka.stop()
        mongo.stop()


async def cut(servers: EmbeddedServers, name: str) -> None:
    os.kill(servers.processes()[name], signal.SIGKILL)
    await asyncio.to_thread(until, lambda: servers.ended() == [name], BACK_SECONDS, f"{name} ends")


async def bring_back(servers: EmbeddedServers) -> None:
    servers.stop()
    servers.start()


async def live(lab: Lab) -> set[int]:
    """What the probes say that would have a supervisor restart the service."""
    async with httpx.AsyncClient(timeout=20) as client:
        return {
            (await client.get(f"{replica.url}/{name}/health/live")).status_code
            for replica in lab.replicas.values()
            for name in replica.services
        }


async def subscribe(lab: Lab, hook: Receiver) -> None:
    await lab.until_quiet()  # until notify has heard of the people and of the key that signs
    token = lab.vanthu.json("token", "create", "--office", OFFICE, "--person", "quan-tri-he-thong")["token"]
    url = f"{lab.replicas['readers'].url}/notify/api/v1/webhooks"
    async with httpx.AsyncClient() as client:
        answer = await client.post(url, json={"url": hook.url}, headers=as_bearer(token))
    assert answer.status_code == 201, answer.text


async def hand_on(lab: Lab, document: str, person: str) -> int:
    """The assignment's version when the clerk has given it to this person."""
    url = f"{lab.replicas['readers'].url}/routing/api/v1/documents/{document}"
    async with httpx.AsyncClient(headers=as_bearer(lab.token)) as clerk:
        seen = (await clerk.get(url)).json()["version"]
        answer = await clerk.post(f"{url}/reassign", json={"expected_version": seen, "person_id": person})
    assert answer.status_code == 200, answer.text
    version: int = answer.json()["version"]
    return version


def payloads(hook: Receiver) -> list[dict[str, Any]]:
    return [json.loads(each.body) for each in hook.requests]


async def has(hook: Receiver, document: str, version: int) -> bool:
    return any((each["data"]["document_id"], each["data"]["version"]) == (document, version) for each in payloads(hook))
