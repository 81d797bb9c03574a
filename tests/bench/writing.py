"""The writes of each service by hand: what its rows are, written as directly as Motor allows."""

from collections import Counter
from collections.abc import Sequence
from typing import Protocol

from pymongo import ReplaceOne, UpdateOne

from services.chassis.mongo import Database, Row, Session
from tests.bench.patterns import COUNTERS, JOURNAL, Patterns


class Writes(Protocol):
    """One database call per collection for all documents of a batch; without a session each call stands alone."""

    async def begin(self) -> None:
        """What must be there before the first event."""
        ...

    async def write(self, documents: Sequence[str], session: Session | None) -> list[Row]:
        """The journal's rows among what was written."""
        ...


class InsertedOnce:
    """routing and notify: rows that come with a document's first event, the journal's among them."""

    def __init__(self, database: Database, patterns: Patterns) -> None:
        self._database = database
        self._patterns = patterns
        self._main = next(name for name, rows in patterns.rows.items() if _is_by_id(rows))

    async def begin(self) -> None:
        """Nothing."""

    async def write(self, documents: Sequence[str], session: Session | None) -> list[Row]:
        known = self._database[self._main].find({"_id": {"$in": list(documents)}}, session=session)
        seen = {row["_id"] async for row in known}
        fresh = [each for each in documents if each not in seen]
        for name in self._patterns.rows:
            if rows := self._patterns.of(name, fresh):
                await self._database[name].insert_many([dict(row) for row in rows], session=session)
        return self._patterns.of(JOURNAL, fresh)


class Projected:
    """reporting: each event replaces the document's fact and moves the counters that it contributes to."""

    def __init__(self, database: Database, patterns: Patterns) -> None:
        self._facts = next(database[name] for name in patterns.rows if name.startswith("facts_"))
        self._counters = next(database[name] for name in patterns.rows if name.startswith(COUNTERS))
        self._rows = patterns.rows[self._facts.name]

    async def begin(self) -> None:
        """Nothing."""

    async def write(self, documents: Sequence[str], session: Session | None) -> list[Row]:
        known = {row["_id"] async for row in self._facts.find({"_id": {"$in": list(documents)}}, session=session)}
        facts = [self._rows[each][0] for each in documents if each in self._rows]
        await self._facts.bulk_write(
            [ReplaceOne({"_id": fact["_id"]}, fact, upsert=True) for fact in facts], ordered=False, session=session
        )
        counted = Counter(place for fact in facts if fact["_id"] not in known for place in _places(fact))
        by_row: dict[str, dict[str, int]] = {}
        for (row, path), count in counted.items():
            by_row.setdefault(row, {})[path] = count
        if by_row:
            writes = [UpdateOne({"_id": row}, {"$inc": counts}, upsert=True) for row, counts in by_row.items()]
            await self._counters.bulk_write(writes, ordered=False, session=session)
        return []


def _places(fact: Row) -> list[tuple[str, str]]:
    """A row per series and month and one per series and year, as reporting has them."""
    places = []
    for contribution in fact["counted"]:
        series, day, field = contribution.rsplit("|", 2)
        places.append((f"{fact['office']}|{series}|month|{day[:7]}", f"counts.{field}.{day[8:]}"))
        places.append((f"{fact['office']}|{series}|year|{day[:4]}", f"counts.{field}.{day[5:7]}"))
    return places


class Amended:
    """intake: who works on a document and who may read it is set in the document's row."""

    FIELDS = ("assignment", "readers", "conflicted")

    def __init__(self, database: Database, patterns: Patterns) -> None:
        self._rows = database["documents"]
        self._entries = [rows[0] for rows in patterns.rows["documents"].values()]
        self._changes = {row["_id"]: {name: row[name] for name in self.FIELDS} for row in self._entries}

    async def begin(self) -> None:
        """The register's entries, without what the events will say."""
        await self._rows.insert_many([{**row, "readers": [], "assignment": None} for row in self._entries])

    async def write(self, documents: Sequence[str], session: Session | None) -> list[Row]:
        wanted = {"_id": {"$in": list(documents)}}
        found = self._rows.find(wanted, dict.fromkeys(self.FIELDS, 1), session=session)
        here = {row["_id"] async for row in found}
        writes = [UpdateOne({"_id": each}, {"$set": self._changes[each]}) for each in documents if each in here]
        if writes:
            await self._rows.bulk_write(writes, ordered=False, session=session)
        return []


def _is_by_id(rows: dict[str, list[Row]]) -> bool:
    return all(each[0]["_id"] == document for document, each in rows.items())


def writes_of(service: str, database: Database, patterns: Patterns) -> Writes:
    if service == "reporting":
        return Projected(database, patterns)
    return Amended(database, patterns) if service == "intake" else InsertedOnce(database, patterns)
