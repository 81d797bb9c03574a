"""Subscribers of webhooks, and every delivery with each of its attempts."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from pymongo import ASCENDING, DESCENDING, IndexModel, ReturnDocument

from services.chassis.mongo import Database, Row, Session
from services.notify.webhook.payload import Delivery, Subscriber
from services.notify.webhook.schedule import Attempt

CLOCKS_APART = timedelta(minutes=5)  # of replicas that work well


class WebhookStore:
    def __init__(self, database: Database) -> None:
        self.subscribers = database["webhooks"]
        self.deliveries = database["deliveries"]

    async def prepare(self) -> None:
        await self.subscribers.create_indexes([IndexModel([("office", ASCENDING)], name="by_office")])
        pending = {"pending": True}
        newest = [("created_at", DESCENDING), ("_id", DESCENDING)]
        await self.deliveries.create_indexes(
            [
                IndexModel(
                    [("subscriber_id", ASCENDING), ("due_at", ASCENDING), ("set_at", ASCENDING)],
                    name="due_by_clock",
                    partialFilterExpression=pending,
                ),
                IndexModel([("subscriber_id", ASCENDING), *newest], name="log"),
            ]
        )

    async def add(self, subscriber: Subscriber, by: str) -> None:
        row = asdict(subscriber) | {"event_types": sorted(subscriber.event_types), "created_by": by}
        row["_id"] = row.pop("id")
        await self.subscribers.insert_one(row)

    async def of_office(self, office: str) -> list[Subscriber]:
        rows = self.subscribers.find({"office": office, "removed_at": None}).sort("created_at", ASCENDING)
        return [_subscriber(row) for row in await rows.to_list(None)]

    async def active(self, offices: Iterable[str]) -> list[Subscriber]:
        rows = self.subscribers.find({"office": {"$in": sorted(offices)}, "active": True, "removed_at": None})
        return [_subscriber(row) for row in await rows.to_list(None)]

    async def find(self, subscriber_id: str, office: str) -> Subscriber | None:
        row = await self.subscribers.find_one({"_id": subscriber_id, "office": office, "removed_at": None})
        return _subscriber(row) if row else None

    async def remove(self, subscriber_id: str, at: datetime, by: str) -> None:
        """Forgets the secret; the delivery log stays. What was not sent yet is cancelled."""
        change = {"$set": {"active": False, "removed_at": at, "removed_by": by, "secret": ""}}
        await self.subscribers.update_one({"_id": subscriber_id}, change)
        await self._cancel(subscriber_id)

    async def switch_off(self, subscriber_id: str, at: datetime) -> None:
        """Nothing is sent to it any more, until somebody makes a new webhook."""
        change = {"$set": {"active": False, "switched_off_at": at}}
        await self.subscribers.update_one({"_id": subscriber_id}, change)
        await self._cancel(subscriber_id)

    async def _cancel(self, subscriber_id: str) -> None:
        change = {"$set": {"status": "cancelled"}, "$unset": {"pending": ""}}
        await self.deliveries.update_many({"subscriber_id": subscriber_id, "pending": True}, change)

    async def keep(self, deliveries: Sequence[Delivery], session: Session | None = None) -> None:
        """Due at once. Made in the transaction of the notices, so none is lost and none is made twice."""
        if deliveries:
            await self.deliveries.insert_many([_row(each) for each in deliveries], session=session)

    async def due_subscribers(self, now: datetime) -> list[str]:
        found: list[str] = await self.deliveries.distinct("subscriber_id", {"pending": True, **_due(now)})
        return found

    async def claim(self, subscriber_id: str, now: datetime, lease: timedelta, claim: str) -> Delivery | None:
        """The longest due delivery; for the lease's time nobody else gets it."""
        row = await self.deliveries.find_one_and_update(
            {"subscriber_id": subscriber_id, "pending": True, **_due(now)},
            {"$set": {"due_at": now + lease, "set_at": now, "claim": claim}},
            sort=[("due_at", ASCENDING)],
            return_document=ReturnDocument.AFTER,
        )
        return _delivery(row) if row else None

    async def settle(
        self, delivery: Delivery, status: str, attempt: Attempt | None, session: Session | None = None
    ) -> bool:
        """The end of a delivery; whether the claim still held."""
        change: dict[str, Any] = {"$set": {"status": status}, "$unset": {"pending": "", "claim": ""}}
        return await self._mark(delivery, change, attempt, session)

    async def put_off(self, delivery: Delivery, due_at: datetime, attempt: Attempt) -> bool:
        """To be tried again; whether the claim still held."""
        change = {"$set": {"due_at": due_at, "set_at": attempt.at}, "$unset": {"claim": ""}}
        return await self._mark(delivery, change, attempt)

    async def _mark(
        self, delivery: Delivery, change: dict[str, Any], attempt: Attempt | None, session: Session | None = None
    ) -> bool:
        if attempt:
            change |= {"$push": {"attempts": asdict(attempt)}, "$inc": {"tries": 1}}
        mine = {"_id": delivery.id, "claim": delivery.claim}
        return bool((await self.deliveries.update_one(mine, change, session=session)).matched_count)

    async def log(self, subscriber_id: str, after: str | None, limit: int) -> list[Row]:
        """Deliveries after the one named, newest first."""
        wanted: dict[str, Any] = {"subscriber_id": subscriber_id}
        last = await self.deliveries.find_one({"_id": after, **wanted}) if after else None
        if last:
            at = last["created_at"]
            wanted["$or"] = [{"created_at": {"$lt": at}}, {"created_at": at, "_id": {"$lt": after}}]
        order = [("created_at", DESCENDING), ("_id", DESCENDING)]
        return await self.deliveries.find(wanted).sort(order).limit(limit).to_list(None)


def _subscriber(row: Row) -> Subscriber:
    names = ("office", "url", "secret", "active", "created_at")
    return Subscriber(id=row["_id"], event_types=frozenset(row["event_types"]), **{name: row[name] for name in names})


def _due(now: datetime) -> dict[str, Any]:
    """What was put off by a clock that was ahead is not waited for: it could be for days."""
    return {"$or": [{"due_at": {"$lte": now}}, {"set_at": {"$gt": now + CLOCKS_APART}}]}


def _row(delivery: Delivery) -> Row:
    at = delivery.created_at
    row = asdict(delivery) | {"status": "pending", "pending": True, "due_at": at, "set_at": at, "attempts": []}
    row["_id"] = row.pop("id")
    return row


def _delivery(row: Row) -> Delivery:
    names = ("office", "subscriber_id", "event_type", "body", "created_at", "document_id", "cause", "tries", "claim")
    return Delivery(id=row["_id"], **{name: row[name] for name in names})
