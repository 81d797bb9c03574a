"""A lease in the database, on the database's clock. It saves work; nothing's correctness rests on it."""

import time
from typing import Any

from pymongo import ReturnDocument
from pymongo.errors import PyMongoError

from services.chassis.mongo import Database


class Lease:
    def __init__(self, database: Database, name: str, holder: str, seconds: float) -> None:
        self._rows = database["leases"]
        self._name = name
        self._holder = holder
        self._seconds = seconds
        self._held_until = 0.0

    async def hold(self) -> bool:
        """Whether this process holds it now; renews when half of the time is over."""
        now = time.monotonic()
        if now < self._held_until - self._seconds / 2:
            return True
        if await self._take():
            self._held_until = now + self._seconds
            return True
        self._held_until = 0.0
        return False

    async def _take(self) -> bool:
        until = {"$add": ["$$NOW", int(self._seconds * 1000)]}
        run_out = {"$lt": [{"$ifNull": ["$until", 0]}, "$$NOW"]}
        ahead = {"$gt": ["$until", until]}  # taken while the database's clock was ahead: its holder may be dead
        free = {"$or": [{"$eq": ["$holder", self._holder]}, run_out, ahead]}
        change: list[dict[str, Any]] = [
            {"$set": {"free": free}},
            {
                "$set": {
                    "holder": {"$cond": ["$free", self._holder, "$holder"]},
                    "until": {"$cond": ["$free", until, "$until"]},
                }
            },
            {"$unset": "free"},
        ]
        row = await self._rows.find_one_and_update(
            {"_id": self._name}, change, upsert=True, return_document=ReturnDocument.AFTER
        )
        return bool(row and row["holder"] == self._holder)

    async def release(self) -> None:
        self._held_until = 0.0
        try:
            await self._rows.delete_one({"_id": self._name, "holder": self._holder})
        except PyMongoError:
            return  # it runs out by itself
