"""notify as it is built for production, beside what these tests look at from behind."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx

from services.chassis.envelope import Incoming
from services.chassis.foundation import lay_foundation
from services.chassis.settings import ChassisSettings
from services.events import Event
from services.notify.app import build
from services.notify.handlers import Notify
from services.notify.settings import NotifySettings
from services.notify.store import Store
from services.notify.webhook.store import WebhookStore
from tests.harness import as_bearer, running
from tests.offices import HA_TINH, introduce_offices, token

NOWHERE: Any = None


def notify_settings(settings: ChassisSettings, **more: Any) -> NotifySettings:
    return NotifySettings(**{**settings.model_dump(), **more})


@dataclass
class Desk:
    """The handler on the real database, without Kafka in between."""

    notify: Notify
    store: Store
    webhooks: WebhookStore

    async def hear(self, *events: Event) -> None:
        await self.notify.hear([Incoming(event, NOWHERE) for event in events])

    async def notices(self, **wanted: Any) -> list[dict[str, Any]]:
        return await self.store.notices.find(wanted).sort("_id", 1).to_list(None)

    async def told(self, document_id: str = "d1") -> dict[str, set[str]]:
        """The people by the telling."""
        result: dict[str, set[str]] = {}
        for row in await self.notices(document_id=document_id):
            result.setdefault(row["telling"], set()).add(row["person_id"])
        return result

    async def journal(self) -> list[dict[str, Any]]:
        return [row async for row in self.notify.journal.read(topic="notices")]


@asynccontextmanager
async def desk(settings: ChassisSettings, *, offices: bool = True) -> AsyncIterator[Desk]:
    foundation = lay_foundation(settings, "notify")
    store = Store(foundation.database, foundation.journal, foundation.copies)
    webhooks = WebhookStore(foundation.database)
    await foundation.prepare()
    await store.prepare()
    await webhooks.prepare()
    if offices:
        await introduce_offices(settings, "notify")
    notify = Notify(store, webhooks, foundation.journal, foundation.copies, foundation.erasures, timedelta(hours=24))
    try:
        yield Desk(notify, store, webhooks)
    finally:
        foundation.client.close()


@asynccontextmanager
async def open_notify(settings: NotifySettings) -> AsyncIterator[httpx.AsyncClient]:
    service = build(settings)
    async with running(service) as client:
        await introduce_offices(settings, "notify")
        yield client


async def inbox(client: httpx.AsyncClient, person: str, office: str = HA_TINH, **query: Any) -> dict[str, Any]:
    answer = await client.get("/notify/api/v1/inbox", params=query, headers=as_bearer(token(person, office)))
    assert answer.status_code == 200, answer.text
    result: dict[str, Any] = answer.json()
    return result


def titles(page: dict[str, Any]) -> Sequence[str]:
    return [each["title"]["en"] for each in page["notices"]]
