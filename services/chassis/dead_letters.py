"""Records that cannot be used, kept whole in the failing service's own database until a person decides."""

import hashlib
import traceback
from collections.abc import Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from pymongo import ASCENDING, IndexModel

from services.chassis.envelope import RawRecord
from services.chassis.errors import InvalidRecord
from services.chassis.mongo import Database, Row


class DeadLetterStatus(StrEnum):
    WAITING = "waiting"
    REPLAY = "replay"
    REPLAYED = "replayed"
    DISCARDED = "discarded"


class DeadLetters:
    """Rows `{_id: "topic-partition-offset-digest", value, key, headers, cause, status, ...}`; one per record."""

    def __init__(self, database: Database) -> None:
        self.rows = database["dead_letters"]

    async def prepare(self) -> None:
        await self.rows.create_indexes([IndexModel([("status", ASCENDING), ("at", ASCENDING)], name="by_status")])

    async def keep(self, record: RawRecord, error: BaseException) -> bool:
        """Keep the record once; whether it was new. What was decided of a known one stays decided."""
        row = {**_origin(record), "cause": cause_of(error), "status": DeadLetterStatus.WAITING, "at": datetime.now(UTC)}
        result = await self.rows.update_one({"_id": row["_id"]}, {"$setOnInsert": row}, upsert=True)
        return result.upserted_id is not None

    async def replayed(self, letter_id: str) -> None:
        """It took effect. What somebody decided meanwhile stays decided."""
        await self._become(_replaying(letter_id), DeadLetterStatus.REPLAYED, "replay")

    async def keep_again(self, letter_id: str, error: BaseException) -> None:
        """It failed again and waits again, unless somebody decided otherwise meanwhile."""
        await self._become(_replaying(letter_id), DeadLetterStatus.WAITING, "replay", cause=cause_of(error))

    async def waiting(self, limit: int = 1000) -> list[Row]:
        return await self._with_status(DeadLetterStatus.WAITING, limit)

    async def to_replay(self, limit: int = 100) -> list[Row]:
        return await self._with_status(DeadLetterStatus.REPLAY, limit)

    async def find(self, letter_id: str) -> Row | None:
        return await self.rows.find_one({"_id": letter_id})

    async def decide(self, letter_id: str, status: DeadLetterStatus, by: str) -> bool:
        """Set what becomes of a letter; whether there was such a letter. Who decided is kept."""
        return await self._become({"_id": letter_id}, status, by)

    async def _become(self, letter: Row, status: DeadLetterStatus, by: str, **details: str) -> bool:
        return bool((await self.rows.update_one(letter, becoming(status, by, **details))).matched_count)

    async def _with_status(self, status: DeadLetterStatus, limit: int) -> list[Row]:
        return await self.rows.find({"status": status}).sort("at", ASCENDING).limit(limit).to_list(limit)


def cause_of(error: BaseException) -> str:
    """An invalid record's own words; for a bug the place in the code, never values, which may be personal."""
    if isinstance(error, InvalidRecord):
        return str(error)
    frames = traceback.extract_tb(error.__traceback__)
    place = f" at {frames[-1].name}:{frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}{place}"


class KeptRecord:
    """A dead letter that reads like the Kafka record it was."""

    def __init__(self, row: Row) -> None:
        self.topic: str = row["topic"]
        self.partition: int = row["partition"]
        self.offset: int = row["offset"]
        self.key: bytes | None = row["key"]
        self.value: bytes | None = row["value"]
        self.headers: Sequence[tuple[str, bytes]] = [(name, value) for name, value in row["headers"]]


def becoming(status: DeadLetterStatus, by: str, **details: str | bytes) -> dict[str, Any]:
    """The update of a letter that becomes this; who decided it is kept."""
    audit = {"at": datetime.now(UTC), "by": by, "status": status}
    return {"$set": {"status": status, **details}, "$push": {"audit": audit}}


def _replaying(letter_id: str) -> Row:
    return {"_id": letter_id, "status": DeadLetterStatus.REPLAY}


def _origin(record: RawRecord) -> dict[str, Any]:
    digest = hashlib.sha256(record.value or b"").hexdigest()[:8]  # offsets begin anew with a topic made anew
    return {
        "_id": f"{record.topic}-{record.partition}-{record.offset}-{digest}",
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "key": record.key,
        "value": record.value,
        "headers": [[name, value] for name, value in record.headers],
    }
