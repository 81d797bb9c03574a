"""Taking away what was said of one key: in a journal, among dead letters, and who has done so."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime

from pymongo import UpdateOne

from services.chassis.dead_letters import DeadLetterStatus, becoming
from services.chassis.journal import rows_about
from services.chassis.mongo import Database, Row

Blank = Callable[[Row], str]
"""A journal row's value without what is to be taken away; readers read it like any other of its type."""


class Erasures:
    """Rows `{_id: key, at}` of what this service has taken away from its own collections."""

    def __init__(self, database: Database) -> None:
        self._rows = database["erasures"]
        self._events = database["events"]
        self._letters = database["dead_letters"]

    async def confirm(self, keys: Iterable[str]) -> None:
        """Nothing of these is left in the service's own collections. Repeats change nothing."""
        first = {"$setOnInsert": {"at": datetime.now(UTC)}}
        if writes := [UpdateOne({"_id": key}, first, upsert=True) for key in keys]:
            await self._rows.bulk_write(writes, ordered=False)

    async def is_confirmed(self, key: str) -> bool:
        return await self._rows.find_one({"_id": key}, {"_id": 1}) is not None

    async def blank_journal(self, key: str, blank: Blank) -> int:
        """How many rows of the key said something that is gone now. They stay, so that versions stay whole."""
        blanked = 0
        async for row in self._events.find({**rows_about([key]), "key": key}):
            value = blank(row)
            if value != row["value"]:
                blanked += 1
                await self._events.update_one({"_id": row["_id"]}, {"$set": {"value": value}})
        return blanked

    async def blank_letters(self, key: str, by: str) -> int:
        """How many dead letters of the key lost their bytes. They are discarded: there is nothing to replay."""
        change = becoming(DeadLetterStatus.DISCARDED, by, value=b"")
        wanted = {"key": key.encode(), "value": {"$ne": b""}}
        return (await self._letters.update_many(wanted, change)).modified_count

    async def is_sent(self, key: str) -> bool:
        """Whether Kafka has every event of the key that this service said."""
        return await self._events.find_one({"key": key, "unsent": True}, {"_id": 1}) is None
