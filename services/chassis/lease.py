"""A lease in the database, on the database's clock. It saves work; nothing's correctness rests on it."""

import asyncio
import contextlib
import time
from typing import Any

from pymongo import ReturnDocument
from pymongo.errors import PyMongoError

from services.chassis.mongo import Database

PROCESS = "process "
FORGET_MILLISECONDS = 24 * 3600 * 1000


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


class Presence:
    """Says that this process runs, also while it is in no consumer group: a lease of its own, by its instance."""

    def __init__(self, database: Database, instance: str, seconds: float) -> None:
        self._rows = database["leases"]
        self._lease = Lease(database, f"{PROCESS}{instance}", instance, seconds)
        self._pause_seconds = seconds / 4
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Held when this returns. Those of processes that were killed long ago go."""
        long_ago = {"$lt": ["$until", {"$subtract": ["$$NOW", FORGET_MILLISECONDS]}]}
        await self._rows.delete_many({"_id": {"$regex": f"^{PROCESS}"}, "$expr": long_ago})
        await self._lease.hold()
        self._task = asyncio.create_task(self._stay(), name="presence")

    async def stop(self) -> None:
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._lease.release()

    async def _stay(self) -> None:
        while True:
            await asyncio.sleep(self._pause_seconds)
            with contextlib.suppress(PyMongoError):
                await self._lease.hold()


async def are_held(database: Database) -> bool:
    """Whether any process holds any lease here."""
    running = {"$expr": {"$gt": ["$until", "$$NOW"]}}
    return await database["leases"].find_one(running, {"_id": 1}) is not None
