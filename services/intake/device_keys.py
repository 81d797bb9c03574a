"""The devices' keys: made and revoked by `vanthu key`, asked for by every request."""

import asyncio
import contextlib
import time
from datetime import UTC, datetime
from typing import Any

from pymongo import ASCENDING, IndexModel
from pymongo.errors import PyMongoError

from services.chassis.auth import Credential, Remembered, unauthorized
from services.chassis.mongo import Database, Row
from services.events import Direction
from services.intake.keys import Device, matches, mint, parse
from services.intake.numbering import INCOMING, OUTGOING, OUTGOING_OFFICE, is_book, is_id

SEEN_SECONDS = 60.0
REMEMBERED_SECONDS = 3.0


class DeviceKeys:
    """Rows `{_id: kid, hashed, office, device, door, direction, book, body, created_at, revoked_at, last_seen}`."""

    def __init__(self, database: Database) -> None:
        self.rows = database["device_keys"]
        self._remembered = Remembered(REMEMBERED_SECONDS)
        self._seen: dict[str, float] = {}
        self._notes: set[asyncio.Task[None]] = set()

    async def prepare(self) -> None:
        await self.rows.create_indexes([IndexModel([("office", ASCENDING), ("device", ASCENDING)], name="by_office")])

    async def create(self, office: str, device: str, door: str, book: str, body: str = "UBND") -> str:
        """The new key, which is shown this once. `door` is `incoming` or `outgoing`. Raises ValueError."""
        direction = Direction(door)
        for name in (office, device):
            if not is_id(name):
                raise ValueError(f"{name!r} is no name: use letters, digits and . _ - after the first, at most 64")
        if not is_book(direction, book):
            raise ValueError(f"{book!r} is no book of an {door} door")
        key = mint()
        await self.rows.insert_one(
            {
                "_id": key.kid,
                "hashed": key.hashed,
                "office": office,
                "device": device,
                "door": door,
                "direction": direction.value,
                "book": book,
                "body": body,
                "created_at": datetime.now(UTC),
                "revoked_at": None,
                "last_seen": None,
            }
        )
        return key.text

    async def has_book(self, office: str, book: str) -> bool:
        """Whether it is one that every office has, or one that an earlier key of this office names."""
        known = book in {INCOMING, OUTGOING, OUTGOING_OFFICE}
        return known or await self.rows.find_one({"office": office, "book": book}, {"_id": 1}) is not None

    async def list(self, office: str | None = None) -> list[dict[str, Any]]:
        """Without secrets; oldest first."""
        wanted = {"office": office} if office else {}
        rows = await self.rows.find(wanted, {"hashed": 0}).sort("created_at", ASCENDING).to_list(None)
        return [{"kid": row.pop("_id"), **row} for row in rows]

    async def revoke(self, kid: str) -> bool:
        """Whether there was such a key in use; it stops working within seconds."""
        change = {"$set": {"revoked_at": datetime.now(UTC)}}
        result = await self.rows.update_one({"_id": kid, "revoked_at": None}, change)
        return result.modified_count == 1

    async def known(self, credential: Credential) -> Device:
        """Raises Problem 401 for all but a device key in use."""
        device = await self.device_of(credential)
        if device is None:
            raise unauthorized("This is no device key.")
        return device

    async def device_of(self, credential: Credential) -> Device | None:
        """None for what is no device key; raises Problem 401 for a wrong or revoked one."""
        parts = parse(credential.name, credential.secret)
        if parts is None:
            return None
        kid, secret = parts
        row = await self._remembered.get(kid, lambda: self.rows.find_one({"_id": kid}))
        if row is None or row["revoked_at"] is not None or not matches(secret, row["hashed"]):
            raise unauthorized("The device key is not valid (any more).")
        self._note_seen(kid)
        return _device(row)

    def _note_seen(self, kid: str) -> None:
        now = time.monotonic()
        if now - self._seen.get(kid, -SEEN_SECONDS) >= SEEN_SECONDS:
            self._seen[kid] = now
            task = asyncio.create_task(self._write_seen(kid))
            self._notes.add(task)
            task.add_done_callback(self._notes.discard)

    async def _write_seen(self, kid: str) -> None:
        with contextlib.suppress(PyMongoError):
            await self.rows.update_one({"_id": kid}, {"$set": {"last_seen": datetime.now(UTC)}})


def _device(row: Row) -> Device:
    return Device(row["_id"], row["office"], row["device"], Direction(row["direction"]), row["book"], row["body"])
