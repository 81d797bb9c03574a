"""Hand-entered counts of secret documents, of which nothing else may be on this system."""

from datetime import UTC, datetime
from typing import Any

from pymongo import ASCENDING, IndexModel
from uuid_utils import uuid7

from services.chassis.errors import NotFound, Problem, VersionConflict
from services.chassis.journal import Journal
from services.chassis.mongo import Database, Row, Session
from services.events import PeriodCounted, PeriodCountState
from services.intake.metadata import PeriodCount


class PeriodCounts:
    """Rows `{_id, office, version, direction, category, first_day, last_day, count, entered_by}`; days as text."""

    def __init__(self, database: Database, journal: Journal) -> None:
        self.rows = database["period_counts"]
        self._journal = journal

    async def prepare(self) -> None:
        keys = [(name, ASCENDING) for name in ("office", "direction", "category", "first_day")]
        await self.rows.create_indexes([IndexModel(keys, name="one_per_first_day", unique=True)])

    async def keep_first(self, office: str, said: PeriodCount, entered_by: str) -> Row:
        """A new count, or the one that says the same already. Raises Problem 409 where the days overlap."""
        fresh = _row(str(uuid7()), office, 1, said, entered_by)

        async def body(session: Session) -> Row:
            known = await self._overlapping(fresh, session)
            if known is not None:
                if _says(known) == _says(fresh):
                    return known
                raise counted_already(known)
            await self.rows.insert_one(fresh, session=session)
            await self._journal.append([_event(fresh)], session)
            return fresh

        return await self._journal.transact(body)

    async def correct(self, count_id: str, office: str, said: PeriodCount, entered_by: str) -> Row:
        """The count at its next version. Raises NotFound, VersionConflict, or Problem 409 on overlapping days."""

        async def body(session: Session) -> Row:
            row = await self.rows.find_one({"_id": count_id, "office": office}, session=session)
            if row is None:
                raise NotFound("count")
            if row["version"] != said.expected_version:
                raise VersionConflict(row["version"])
            changed = _row(count_id, office, row["version"] + 1, said, entered_by)
            other = await self._overlapping(changed, session)
            if other is not None:
                raise counted_already(other)
            await self.rows.replace_one({"_id": count_id}, changed, session=session)
            await self._journal.append([_event(changed)], session)
            return changed

        return await self._journal.transact(body)

    async def all(self, office: str) -> list[Row]:
        return await self.rows.find({"office": office}).sort("first_day", ASCENDING).to_list(None)

    async def _overlapping(self, row: Row, session: Session) -> Row | None:
        wanted: dict[str, Any] = {name: row[name] for name in ("office", "direction", "category")}
        wanted |= {"first_day": {"$lte": row["last_day"]}, "last_day": {"$gte": row["first_day"]}}
        return await self.rows.find_one({**wanted, "_id": {"$ne": row["_id"]}}, session=session)


def view(row: Row) -> dict[str, Any]:
    return {"id": row["_id"], **{name: value for name, value in row.items() if name not in {"_id", "office"}}}


def counted_already(known: Row) -> Problem:
    return Problem(
        409,
        "period-counted",
        f"Days from {known['first_day']} to {known['last_day']} are counted already.",
        field="/first_day",
        remedy=f"Correct that count: PUT period-counts/{known['_id']} with expected_version {known['version']}.",
        extra={"known": view(known)},
    )


def _row(count_id: str, office: str, version: int, said: PeriodCount, entered_by: str) -> Row:
    days = said.model_dump(mode="json", exclude={"expected_version"})
    return {"_id": count_id, "office": office, "version": version, **days, "entered_by": entered_by}


def _says(row: Row) -> tuple[Any, ...]:
    return tuple(row[name] for name in ("direction", "category", "first_day", "last_day", "count"))


def _event(row: Row) -> PeriodCounted:
    state = PeriodCountState(
        count_id=row["_id"], **{name: row[name] for name in PeriodCountState.model_fields if name != "count_id"}
    )
    return PeriodCounted(
        office=row["office"],
        key=row["_id"],
        version=row["version"],
        recorded_at=datetime.now(UTC),
        period_count=state,
    )
