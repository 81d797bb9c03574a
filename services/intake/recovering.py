"""After a restore: the register gets back what the register log and the journal know and it has lost."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from pathlib import Path

from pymongo import ASCENDING
from pymongo.errors import DuplicateKeyError

from services.chassis.journal import Journal
from services.chassis.mongo import Database, Row, Session
from services.events import PeriodCounted
from services.intake.documents import RECOVERED, arrived_again
from services.intake.store import SWEEPING_OFF, Place

Owner = tuple[str, str, int, int]


class Recovery:
    """Every step changes nothing where it was done before. No service may run meanwhile."""

    def __init__(self, database: Database, journal: Journal) -> None:
        self._rows = database["documents"]
        self._books = database["books"]
        self._batches = database["register_batches"]
        self._counts = database["period_counts"]
        self._switches = database["switches"]
        self._journal = journal

    async def known(self, ids: Collection[str]) -> dict[str, bool]:
        """Those of these documents that are there; True where one was made from its event alone."""
        rows = self._rows.find({"_id": {"$in": list(ids)}}, {"device": 1})
        return {row["_id"]: row.get("device") == RECOVERED async for row in rows}

    async def get(self, document_id: str) -> Row | None:
        return await self._rows.find_one({"_id": document_id})

    async def owners(self, places: Iterable[Owner]) -> dict[Owner, str]:
        """Which documents have these numbers."""
        names = ("office", "book", "year", "number")
        wanted = [dict(zip(names, place, strict=True)) for place in places]
        rows = self._rows.find({"$or": wanted}, dict.fromkeys(names, 1)) if wanted else None
        found = await rows.to_list(None) if rows else []
        return {(row["office"], row["book"], row["year"], row["number"]): row["_id"] for row in found}

    async def by_id(self) -> AsyncIterator[Row]:
        """Every document's id, direction, version, restriction and what intake knows of its assignment; at any size."""
        wanted = dict.fromkeys(("version", "direction", "restricted", "assignment.epoch", "assignment.version"), 1)
        async for row in self._rows.find({}, wanted).sort("_id", ASCENDING).batch_size(2000):
            yield row

    async def register(self, rows: Sequence[Row], silent: Collection[str]) -> None:
        """Under their old numbers, each with its event but for the silent ones, of which the journal tells already."""
        said = [arrived_again(row) for row in rows if row["_id"] not in silent]

        async def body(session: Session) -> None:
            await self._rows.insert_many([dict(row) for row in rows], session=session)
            await self._journal.append(said, session)

        await self._journal.transact(body)

    async def register_unlogged(self, row: Row) -> bool:
        """A document that only its event remembers; a start of intake writes its line. False: another has its number."""

        async def body(session: Session) -> None:
            await self._rows.insert_one(dict(row), session=session)
            batch = {"_id": f"recovered-{row['_id']}", "at": row["received_at"], "ids": [row["_id"]]}
            await self._batches.replace_one({"_id": batch["_id"]}, batch, upsert=True, session=session)

        try:
            await self._journal.transact(body)
        except DuplicateKeyError:
            return False
        return True

    async def brought_back(self) -> AsyncIterator[Row]:
        """Every document that any recovery made again, with what is said of its file."""
        wanted = dict.fromkeys(("office", "sha256", "file"), 1)
        async for row in self._rows.find({"batch": RECOVERED}, wanted).batch_size(2000):
            yield row

    async def has_any(self) -> bool:
        return await self._rows.find_one({}, {"_id": 1}) is not None

    async def replace(self, row: Row) -> None:
        await self._rows.replace_one({"_id": row["_id"]}, row)

    async def count_version(self, count_id: str) -> int:
        row = await self._counts.find_one({"_id": count_id}, {"version": 1})
        return int(row["version"]) if row else 0

    async def keep_count(self, event: PeriodCounted) -> None:
        state = event.period_count.model_dump(mode="json", exclude={"count_id"})
        row = {"_id": event.key, "office": event.office, "version": event.version, **state}
        await self._counts.replace_one({"_id": event.key}, row, upsert=True)

    async def go_on_after(self, logged: Mapping[Place, int]) -> None:
        """Each book gives the number after the highest that was ever given, at no earlier time."""
        newest: dict[tuple[str, str], tuple[int, int]] = {}
        for (office, book, year), number in (await self._highest(logged)).items():
            newest[office, book] = max(newest.get((office, book), (0, 0)), (year, number))
        for (office, book), (year, number) in newest.items():
            await self._open(office, book, year, number)

    async def _highest(self, logged: Mapping[Place, int]) -> dict[Place, int]:
        group = {"office": "$office", "book": "$book", "year": "$year"}
        highest = dict(logged)
        async for row in self._rows.aggregate([{"$group": {"_id": group, "highest": {"$max": "$number"}}}]):
            place = (row["_id"]["office"], row["_id"]["book"], row["_id"]["year"])
            highest[place] = max(highest.get(place, 0), row["highest"])
        return highest

    async def _open(self, office: str, book: str, year: int, number: int) -> None:
        place = {"office": office, "book": book, "year": year}
        last = await self._rows.find_one(place, {"received_at": 1}, sort=[("number", -1)])
        known = await self._books.find_one({"_id": f"{office}/{book}"})
        if known and (known["year"], known["next"]) >= (year, number + 1):
            return
        times = [each for each in (last and last["received_at"], known and known["last_at"]) if each]
        if times:
            row = {"_id": f"{office}/{book}", **place, "next": number + 1, "last_at": max(times), "clock": max(times)}
            await self._books.replace_one({"_id": row["_id"]}, row, upsert=True)

    async def sweep_again(self) -> None:
        """Every file that is a document's is known to be one."""
        await self._switches.delete_one({"_id": SWEEPING_OFF})


async def keep_orphans(database: Database) -> None:
    """A restored register may lack documents whose files are there: none goes to the trash until it is recovered."""
    await database["switches"].replace_one({"_id": SWEEPING_OFF}, {"_id": SWEEPING_OFF}, upsert=True)


async def has_its_bytes(path: Path, sha256: str) -> bool:
    def compare() -> bool:
        try:
            with path.open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest() == sha256
        except FileNotFoundError:
            return False

    return await asyncio.to_thread(compare)
