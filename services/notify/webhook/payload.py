"""Which events go to which subscriber, and what is sent: no name, no subject, nothing of restricted documents. Pure."""

import json
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from services.events import EVENTS, AssignmentEvent, AssignmentStatus, DocumentAssigned, NoticeState
from services.notify.audience import Heard
from services.notify.ledger import NAMES
from services.notify.telling import Told

EVENT_TYPES: tuple[str, ...] = tuple(each.type for each in EVENTS if issubclass(each, AssignmentEvent))
CHANNEL = "webhook"
TEST_TYPE = "vanthu.webhook-test.v1"


@dataclass(frozen=True)
class Subscriber:
    id: str
    office: str
    url: str
    secret: str
    event_types: frozenset[str]
    active: bool
    created_at: datetime


@dataclass(frozen=True)
class Delivery:
    """`id` is the `webhook-id`: the same on every attempt, so that a receiver can drop repeats."""

    id: str
    office: str
    subscriber_id: str
    event_type: str
    body: str
    created_at: datetime
    document_id: str | None = None
    cause: str | None = None
    tries: int = 0
    claim: str | None = field(default=None, compare=False)


def deliveries_of(told: Told, subscribers: Iterable[Subscriber], now: datetime, news: timedelta) -> list[Delivery]:
    """For each event that is heard for the first time and still news."""
    return [
        _delivery(event, subscriber, now)
        for subscriber in subscribers
        for event in told.fresh
        if isinstance(event, AssignmentEvent)
        and event.office == subscriber.office
        and event.type in subscriber.event_types
        and now - event.recorded_at <= news
        and not told.ledgers[event.key].wordless
    ]


def trial_delivery(subscriber: Subscriber, id: str, now: datetime) -> Delivery:
    body = _body(TEST_TYPE, now, {"office": subscriber.office, "webhook_id": subscriber.id})
    return Delivery(id, subscriber.office, subscriber.id, TEST_TYPE, body, now)


def still_news(delivery: Delivery, heard: Sequence[Heard], now: datetime, news: timedelta) -> bool:
    """What has become too old on its way is not sent any more, and a withdrawn assignment not announced as new."""
    if now - datetime.fromisoformat(json.loads(delivery.body)["timestamp"]) > news:
        return False
    withdrawn = bool(heard) and heard[-1].status == AssignmentStatus.WITHDRAWN
    return not (delivery.event_type == DocumentAssigned.type and withdrawn)


def failure_of(delivery: Delivery, at: datetime) -> NoticeState:
    return NoticeState(
        notice_id=delivery.id,
        person_id=None,
        channel=CHANNEL,
        cause=delivery.cause or "",
        sent_at=delivery.created_at,
        failed_at=at,
    )


def _delivery(event: AssignmentEvent, subscriber: Subscriber, now: datetime) -> Delivery:
    name = f"{event.type}/{event.epoch}/{event.event_id}/{subscriber.id}/{CHANNEL}"
    return Delivery(
        id=str(uuid.uuid5(NAMES, name)),
        office=event.office,
        subscriber_id=subscriber.id,
        event_type=event.type,
        body=_body(event.type, event.recorded_at, _data(event)),
        created_at=now,
        document_id=event.key,
        cause=event.event_id,
    )


def _data(event: AssignmentEvent) -> dict[str, Any]:
    state, brief = event.assignment, event.assignment.document
    return {
        "office": event.office,
        "document_id": state.document_id,
        "version": event.version,
        "epoch": event.epoch,
        "book": brief.book,
        "year": brief.year,
        "number": brief.number,
        "urgency": brief.urgency.value,
        "status": state.status.value,
        "lead_unit_id": state.lead_unit_id,
        "due_on": state.due_on.isoformat() if state.due_on else None,
    }


def _body(type: str, timestamp: datetime, data: Mapping[str, Any]) -> str:
    return json.dumps({"type": type, "timestamp": timestamp.isoformat(), "data": data}, separators=(",", ":"))
