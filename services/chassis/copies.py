"""A service's own copy of what another service owns: rows by kind and id, newest version wins."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from pymongo import ASCENDING, IndexModel, ReplaceOne
from pymongo.errors import BulkWriteError

from services.chassis.errors import Unavailable
from services.chassis.mongo import Database, Row, Session


@dataclass(frozen=True)
class Copy:
    """`state` is what the owner said of the thing with this id at this version."""

    office: str
    kind: str
    id: str
    version: int
    epoch: int
    state: dict[str, Any]


class Copies:
    def __init__(self, database: Database) -> None:
        self.rows = database["copies"]

    async def prepare(self) -> None:
        await self.rows.create_indexes(
            [IndexModel([("office", ASCENDING), ("kind", ASCENDING), ("id", ASCENDING)], name="by_kind")]
        )

    async def keep_newest(self, copies: Iterable[Copy], session: Session | None = None) -> None:
        """Keep each copy unless a newer one is here already; repeats and old ones change nothing.

        In a transaction only for copies that are known to be newer: an older one would end it.
        """
        writes = [self._replacement(copy) for copy in copies]
        if not writes:
            return
        try:
            await self.rows.bulk_write(writes, ordered=False, session=session)
        except BulkWriteError as error:
            if any(fault["code"] != 11000 for fault in error.details["writeErrors"]):
                raise
            if error.details.get("writeConcernErrors"):
                raise Unavailable("the copies are not acknowledged by a majority") from error

    async def get(self, office: str, kind: str, id: str) -> dict[str, Any] | None:
        row = await self.rows.find_one({"_id": _row_id(office, kind, id)})
        return row["state"] if row else None

    async def version(self, office: str, kind: str, id: str) -> int:
        """0 where it is not known."""
        row = await self.rows.find_one({"_id": _row_id(office, kind, id)}, {"version": 1})
        return int(row["version"]) if row else 0

    async def all(self, office: str, kind: str) -> list[dict[str, Any]]:
        rows = await self.rows.find({"office": office, "kind": kind}).to_list(None)
        return [row["state"] for row in rows]

    @staticmethod
    def _replacement(copy: Copy) -> ReplaceOne[Row]:
        row = {"_id": _row_id(copy.office, copy.kind, copy.id), **copy.__dict__}
        older = {
            "_id": row["_id"],
            "$or": [{"epoch": {"$lt": copy.epoch}}, {"epoch": copy.epoch, "version": {"$lt": copy.version}}],
        }
        return ReplaceOne(older, row, upsert=True)  # a newer row makes this insert, which _id refuses


def _row_id(office: str, kind: str, id: str) -> str:
    return f"{office}/{kind}/{id}"
