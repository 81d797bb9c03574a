"""HTTP in: an administrator's webhooks, and what became of every delivery."""

import base64
import secrets
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from services.chassis.auth import Staff, require
from services.chassis.errors import NotFound, Problem
from services.notify.settings import NotifySettings
from services.notify.webhook.addresses import fault_of_url
from services.notify.webhook.deliveries import Deliveries
from services.notify.webhook.payload import EVENT_TYPES, Subscriber, trial_delivery
from services.notify.webhook.store import WebhookStore
from services.policy import Action, Viewer

SECRET_BYTES = 32
Named = Callable[[Request, str], Awaitable[Subscriber]]


class NewWebhook(BaseModel):
    url: str = Field(description="Where to post to: https, on a public address.")
    event_types: list[str] = Field(
        default=list(EVENT_TYPES),
        min_length=1,
        description="Which events to send; all kinds of assignment by default.",
        json_schema_extra={"items": {"type": "string", "enum": list(EVENT_TYPES)}},
    )


class WebhookAnswer(BaseModel):
    id: str
    url: str
    event_types: list[str]
    active: bool
    created_at: datetime


class CreatedWebhook(WebhookAnswer):
    secret: str = Field(description="Signs every delivery (Standard Webhooks); it is shown only here.")


class AttemptAnswer(BaseModel):
    at: datetime
    status: int | None
    milliseconds: int
    error: str | None


class DeliveryAnswer(BaseModel):
    id: str = Field(description="The `webhook-id` of every attempt.")
    event_type: str
    document_id: str | None
    cause: str | None
    status: str = Field(
        description="pending, delivered, failed, skipped (no longer so, or too old by now) or cancelled."
    )
    created_at: datetime
    due_at: datetime | None
    attempts: list[AttemptAnswer]


class DeliveryLog(BaseModel):
    deliveries: list[DeliveryAnswer]
    next: str | None = Field(description="Send as `after` for the next page; null on the last.")


class Trial(BaseModel):
    delivery_id: str


@dataclass(frozen=True)
class Administration:
    """Who may manage webhooks, and which are theirs."""

    staff: Staff
    store: WebhookStore

    async def administrator(self, request: Request) -> Viewer:
        viewer = await self.staff.viewer(request)
        require(viewer, Action.MANAGE_WEBHOOKS, "an administrator")
        return viewer

    async def webhook(self, request: Request, webhook_id: str) -> Subscriber:
        viewer = await self.administrator(request)
        subscriber = await self.store.find(webhook_id, viewer.office)
        if subscriber is None:
            raise NotFound("webhook")
        return subscriber


def webhook_router(settings: NotifySettings, staff: Staff, store: WebhookStore, deliveries: Deliveries) -> APIRouter:
    router = APIRouter(prefix="/api/v1/webhooks", tags=["webhooks"])

    administration = Administration(staff, store)
    administrator, named = administration.administrator, administration.webhook

    @router.post("", status_code=201)
    async def create(request: Request, response: Response, new: NewWebhook) -> CreatedWebhook:
        viewer = await administrator(request)
        subscriber = _subscriber(new, viewer.office, settings)
        await store.add(subscriber, viewer.person_id)
        response.headers["Location"] = f"/notify/api/v1/webhooks/{subscriber.id}"
        return CreatedWebhook(**_answer(subscriber), secret=subscriber.secret)

    @router.get("")
    async def listed(request: Request) -> list[WebhookAnswer]:
        viewer = await administrator(request)
        return [WebhookAnswer(**_answer(each)) for each in await store.of_office(viewer.office)]

    @router.get("/{webhook_id}")
    async def one(request: Request, webhook_id: str) -> WebhookAnswer:
        return WebhookAnswer(**_answer(await named(request, webhook_id)))

    @router.delete("/{webhook_id}", status_code=204, response_class=Response)
    async def remove(request: Request, webhook_id: str) -> None:
        viewer = await administrator(request)
        subscriber = await named(request, webhook_id)
        await store.remove(subscriber.id, datetime.now(UTC), viewer.person_id)

    _add_deliveries(router, store, deliveries, named)
    return router


def _add_deliveries(router: APIRouter, store: WebhookStore, deliveries: Deliveries, named: Named) -> None:
    @router.post("/{webhook_id}/test", status_code=202)
    async def test(request: Request, webhook_id: str) -> Trial:
        """Send a test event; the delivery log says how it went."""
        subscriber = await named(request, webhook_id)
        if not subscriber.active:
            remedy = "Delete it and make a new one."
            raise Problem(409, "switched-off", "The receiver said that it is gone.", remedy=remedy)
        delivery = trial_delivery(subscriber, str(uuid.uuid4()), datetime.now(UTC))
        await store.keep([delivery])
        deliveries.wake()
        return Trial(delivery_id=delivery.id)

    @router.get("/{webhook_id}/deliveries")
    async def log(
        request: Request,
        webhook_id: str,
        after: str | None = None,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
    ) -> DeliveryLog:
        """Every delivery with each of its attempts, newest first."""
        subscriber = await named(request, webhook_id)
        rows = await store.log(subscriber.id, after, limit)
        return DeliveryLog(
            deliveries=[_delivery(row) for row in rows], next=rows[-1]["_id"] if len(rows) == limit else None
        )


def _subscriber(new: NewWebhook, office: str, settings: NotifySettings) -> Subscriber:
    fault = fault_of_url(new.url, allow_private=settings.webhook_allow_private_addresses)
    if fault:
        remedy = "Name a receiver that the public internet reaches by https."
        raise Problem(422, "invalid-webhook-url", f"The URL cannot be used: {fault}.", field="/url", remedy=remedy)
    unknown = sorted(set(new.event_types) - set(EVENT_TYPES))
    if unknown:
        remedy = f"Choose from {', '.join(EVENT_TYPES)}."
        raise Problem(422, "unknown-event-type", "There is no such event type.", field="/event_types", remedy=remedy)
    return Subscriber(
        id=str(uuid.uuid4()),
        office=office,
        url=new.url,
        secret="whsec_" + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode(),
        event_types=frozenset(new.event_types),
        active=True,
        created_at=datetime.now(UTC),
    )


def _answer(subscriber: Subscriber) -> dict[str, Any]:
    return {
        "id": subscriber.id,
        "url": subscriber.url,
        "event_types": sorted(subscriber.event_types),
        "active": subscriber.active,
        "created_at": subscriber.created_at,
    }


def _delivery(row: dict[str, Any]) -> DeliveryAnswer:
    due_at = row["due_at"] if row["status"] == "pending" else None
    known = {name: row[name] for name in ("event_type", "document_id", "cause", "status", "created_at", "attempts")}
    return DeliveryAnswer(id=row["_id"], due_at=due_at, **known)
