"""Receivers of webhooks that keep a ledger of their own, good ones and bad ones."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import httpx
from starlette.responses import Response

from tests.faults.evidence import pending_deliveries
from tests.faults.lab import OFFICE, Lab
from tests.faults.ledger import Heard
from tests.faults.replica import Replica
from tests.notify.receiver import Answer, Received, Receiver, ok, receiver

ADMINISTRATOR = "quan-tri-he-thong"
WEBHOOKS = "/notify/api/v1/webhooks"
SETTLED_SECONDS = 240.0


@dataclass
class Subscriber:
    id: str
    secret: str
    receiver: Receiver
    at: list[float]

    def heard(self) -> list[Heard]:
        """All that came; raises where a signature is wrong."""
        return [self._heard(each) for each in self.receiver.requests]

    def _heard(self, received: Received) -> Heard:
        data = received.verified(self.secret)["data"]
        return Heard(self.id, received.id, f"{data['document_id']}:{data['version']}", received.body)

    def ages_seconds(self) -> list[float]:
        """From an event's record until its webhook came, once for each."""
        first: dict[str, float] = {}
        for at, received in zip(self.at, self.receiver.requests, strict=True):
            recorded = _moment(json.loads(received.body)["timestamp"])
            first.setdefault(received.id, at - recorded)
        return list(first.values())


def _moment(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


@dataclass
class Administrator:
    """Subscribes, and reads the logs of deliveries."""

    notify: Replica
    token: str
    subscribers: list[Subscriber] = field(default_factory=list)

    @classmethod
    async def of(cls, lab: Lab, notify: Replica) -> "Administrator":
        await lab.until_quiet()  # until notify has heard of the people and of the key that signs
        command = ("token", "create", "--office", OFFICE, "--person", ADMINISTRATOR)
        return cls(notify, (await asyncio.to_thread(lab.vanthu.json, *command))["token"])

    @asynccontextmanager
    async def subscriber(self, answer: Answer = ok) -> AsyncIterator[Subscriber]:
        at: list[float] = []

        async def noted(index: int) -> Response:
            at.append(time.time())
            return await answer(index)

        async with receiver(noted) as here:
            made = await self._ask("POST", WEBHOOKS, json={"url": here.url})
            self.subscribers.append(Subscriber(made["id"], made["secret"], here, at))
            yield self.subscribers[-1]

    async def log(self, subscriber: Subscriber) -> list[dict[str, Any]]:
        page = await self._ask("GET", f"{WEBHOOKS}/{subscriber.id}/deliveries", params={"limit": 200})
        found: list[dict[str, Any]] = page["deliveries"]
        return found

    def heard(self) -> list[Heard]:
        return [each for subscriber in self.subscribers for each in subscriber.heard()]

    async def _ask(self, method: str, path: str, **more: Any) -> Any:
        headers = {"Authorization": f"Bearer {self.token}"}
        async with httpx.AsyncClient(base_url=self.notify.url, headers=headers, timeout=20) as client:
            answer = await client.request(method, path, **more)
            assert answer.is_success, answer.text
            return answer.json()


async def until_settled(lab: Lab, seconds: float = SETTLED_SECONDS) -> None:
    """No delivery waits any more, and everybody has heard which were given up."""
    ends = time.monotonic() + seconds
    while waiting := await asyncio.to_thread(pending_deliveries, lab.place):
        assert time.monotonic() < ends, f"{waiting} deliveries still wait"
        await asyncio.sleep(0.2)
    await lab.until_quiet()
