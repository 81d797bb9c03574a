"""What reporting keeps: facts, counters, hand-entered counts, published tables, and which generation is read."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from typing import Any

from pymongo import ASCENDING, IndexModel, InsertOne, ReplaceOne, ReturnDocument, UpdateOne
from pymongo.errors import BulkWriteError

from services.chassis.errors import Failure, InvalidRecord, LostRace, Unavailable
from services.chassis.mongo import Client, Collection, Database, Row, Session, Transactions
from services.events import Direction, Event
from services.policy import Viewer
from services.reporting.annual import PeriodCount
from services.reporting.generations import FIRST, Generation, Pointer, newest_of_lanes, pointer_of
from services.reporting.lane import LANES, Lane
from services.reporting.listing import FactQuery, filter_of, need_to_know, page_after
from services.reporting.projecting import News, newest_of, period_rows, project, strangers
from services.reporting.published import PublishedTable, as_file
from services.reporting.summing import sums_pipeline
from services.reporting.tally import UNIT, YEAR, Delta, RowKey, by_row
from services.reporting.window import Window

DUPLICATE = 11000
PIECE = 500  # rows that one transaction or one look takes
FACTS, COUNTERS, PERIOD_COUNTS = "facts", "counters", "period_counts"
Body = Callable[[Session, Pointer], Awaitable[None]]
Sums = dict[str, dict[str, tuple[int, int]]]


class Superseded(Failure):
    """Another rebuild or recount has begun meanwhile; this one's work is dropped."""


class ReportingStore:
    def __init__(self, database: Database, client: Client, transactions: Transactions, lane: Lane) -> None:
        self._database = database
        self._client = client
        self._transactions = transactions
        self._lane = lane
        self._pointers = database["projection"]
        self._published = database["published"]

    async def prepare(self) -> None:
        """The pointer and the current generation's indexes are there afterwards."""
        first = {"$setOnInsert": FIRST.as_row()}
        await self._pointers.bulk_write([UpdateOne({"_id": lane}, first, upsert=True) for lane in range(LANES)])
        await self._make(await self.pointer())

    # --- writing ---------------------------------------------------------------------------------

    async def count(self, events: Sequence[Event]) -> None:
        """All events take effect, in every generation that is current or being built, or none does.

        Raises LostRace when another replica was first with one of the rows.
        """
        news, newest = newest_of(events), max(event.recorded_at for event in events)

        async def body(session: Session, pointer: Pointer) -> None:
            await self._apply(session, pointer.current, news, events, pointer.recount)
            if pointer.beside:
                await self._apply(session, pointer.beside, news, events)

        await self._transact(body, {"$max": {"newest": newest}})

    async def fill(self, generation: Generation, events: Sequence[Event]) -> None:
        """The events take effect in the generation being built only. Raises Superseded when it no longer is."""
        news = newest_of(events)

        async def body(session: Session, pointer: Pointer) -> None:
            _expect(pointer, generation)
            await self._apply(session, generation, news, events)

        await self._transact(body)

    async def recount(self, generation: Generation, document_ids: Sequence[str]) -> None:
        """The facts enter the counters being built, derived anew from their parts."""

        async def body(session: Session, pointer: Pointer) -> None:
            _expect(pointer, generation)
            await self._apply(session, pointer.current, [], [], generation.counters, document_ids)

        await self._transact(body)

    async def _transact(self, body: Body, touch: Row | None = None) -> None:
        """Run the body with the pointer of this process's lane, whose row it holds until the commit."""
        attempts = 0

        async def attempt(session: Session) -> None:
            nonlocal attempts
            attempts += 1
            if attempts > 1:
                self._lane.move()
            row = await self._pointers.find_one_and_update(
                {"_id": self._lane.number},
                {"$inc": {"batches": 1}, **(touch or {})},
                return_document=ReturnDocument.AFTER,
                session=session,
            )
            if row is None:
                raise Unavailable("the projection is not prepared yet")
            await body(session, pointer_of(row))

        await self._transactions.run(attempt)

    async def _apply(
        self,
        session: Session,
        generation: Generation,
        news: Sequence[News],
        events: Sequence[Event],
        recount: int | None = None,
        also: Sequence[str] = (),
    ) -> None:
        facts = self._facts(generation)
        ids = list({*(each.document_id for each in news), *also})
        known = {row["_id"]: row async for row in facts.find({"_id": {"$in": ids}}, session=session)} if ids else {}
        if strange := strangers(news, known):
            raise InvalidRecord(f"{len(strange)} documents belong to another office")
        changes = project(news, known, recount=recount, also=also)
        writes: list[Any] = [InsertOne(fact) for fact in changes.new]
        writes += [UpdateOne({"_id": id}, {"$set": fields}) for id, fields in changes.changed.items()]
        await _write(facts, writes, session)
        await self._move(generation.counters, changes.delta, session)
        if recount is not None:
            await self._move(recount, changes.recounted, session)
        await self._keep_period_counts(generation, events, session)

    async def _move(self, counters: int, delta: Delta, session: Session) -> None:
        lane = self._lane.number
        writes = [_increment(row, lane, counts) for row, counts in by_row(delta).items()]
        await _write(self._database[f"{COUNTERS}_{counters}"], writes, session)

    async def _keep_period_counts(self, generation: Generation, events: Sequence[Event], session: Session) -> None:
        ids = [row["_id"] for row in period_rows(events, {})]
        if not ids:
            return
        rows = self._period_counts(generation)
        known = {row["_id"]: row async for row in rows.find({"_id": {"$in": ids}}, session=session)}
        newer = period_rows(events, known)
        await _write(rows, [ReplaceOne({"_id": row["_id"]}, row, upsert=True) for row in newer], session)

    # --- reading ---------------------------------------------------------------------------------

    async def pointer(self) -> Pointer:
        row = await self._pointers.find_one({"_id": 0})
        if row is None:
            raise Unavailable("the projection is not prepared yet")
        return pointer_of(row)

    async def freshness(self) -> Any:
        """When the newest event that took effect was recorded, or None before the first."""
        return newest_of_lanes(await self._pointers.find({}, {"newest": 1}).to_list(None))

    async def sums(self, office: str, family: str, window: Window, *, since_ever: bool) -> Sums:
        """By unit, person or "" and by field: sums before the window and until its end."""
        counters = self._database[f"{COUNTERS}_{(await self.pointer()).current.counters}"]
        pipeline = sums_pipeline(office, family, window, since_ever=since_ever)
        sums: Sums = {}
        async for row in counters.aggregate(pipeline):
            sums.setdefault(row["_id"]["of"], {})[row["_id"]["field"]] = (row["before"], row["until"])
        return sums

    async def period_counts(self, office: str, window: Window) -> list[PeriodCount]:
        """Those that lie in the window or overlap it."""
        rows = self._period_counts((await self.pointer()).current)
        touching = {"office": office, "first_day": {"$lte": window.last}, "last_day": {"$gte": window.first}}
        return [
            PeriodCount(Direction(row["direction"]), row["category"], row["first_day"], row["last_day"], row["count"])
            async for row in rows.find(touching).sort("_id", ASCENDING)
        ]

    async def facts(self, query: FactQuery, viewer: Viewer, after: str | None, limit: int) -> list[Row]:
        """The facts the viewer may know of, in the query's order. Raises ValueError for no such `after`."""
        current = (await self.pointer()).current
        facts = self._facts(current)
        units = await self._units(current, viewer.office) if query.is_of_everybody else ()
        wanted = filter_of(query, viewer.office, units)
        conditions = [wanted, need_to_know(viewer), *([page_after(query, after)] if after else [])]
        order = [(query.sorted_by, ASCENDING), ("_id", ASCENDING)]
        return await facts.find({"$and": conditions}).sort(order).limit(limit).to_list(None)

    async def _units(self, generation: Generation, office: str) -> list[str]:
        """Every unit that ever had work: few, from the counters."""
        counters = self._database[f"{COUNTERS}_{generation.counters}"]
        units: list[str] = await counters.distinct("of", {"office": office, "family": UNIT, "scale": YEAR})
        return units

    async def fact(self, office: str, document_id: str) -> Row | None:
        return await self._facts((await self.pointer()).current).find_one({"_id": document_id, "office": office})

    async def published_for(self, office: str, window: Window) -> PublishedTable | None:
        """The table published for exactly this window."""
        row = await self._published.find_one({"_id": f"{office}|{window.first}|{window.last}"})
        return PublishedTable.model_validate(row["table"]) if row else None

    async def keep_published(self, table: PublishedTable) -> None:
        """The newest table of an office and window replaces an earlier one."""
        id = f"{table.office}|{table.first_day}|{table.last_day}"
        row = {"_id": id, "office": table.office, "table": as_file(table)}
        await self._published.replace_one({"_id": id}, row, upsert=True)

    async def facts_by_id(self) -> AsyncIterator[Row]:
        """Every fact whole, by id; at any size."""
        async for row in self._facts((await self.pointer()).current).find().sort("_id", ASCENDING).batch_size(PIECE):
            yield row

    # --- checking --------------------------------------------------------------------------------

    async def versions(self, generation: Generation | None = None) -> AsyncIterator[Row]:
        """Every fact as `{_id, office, counts, parts: {producer: {epoch, version}}}`, by id; at any size."""
        wanted = {"office": 1, "counts": 1}
        wanted |= {f"parts.{each}.{stamp}": 1 for each in PRODUCERS for stamp in ("epoch", "version")}
        facts = self._facts(generation or (await self.pointer()).current)
        async for row in facts.find({}, wanted).sort("_id", ASCENDING).batch_size(PIECE):
            yield row

    async def period_versions(self, generation: Generation | None = None) -> AsyncIterator[Row]:
        """Every hand-entered count as `{_id, office, epoch, version}`."""
        rows = self._period_counts(generation or (await self.pointer()).current)
        async for row in rows.find({}, {"office": 1, "epoch": 1, "version": 1}).sort("_id", ASCENDING):
            yield row

    async def period_counts_by_id(self) -> AsyncIterator[Row]:
        """Every hand-entered count whole, by id."""
        async for row in self._period_counts((await self.pointer()).current).find().sort("_id", ASCENDING):
            yield row

    async def versions_of(self, generation: Generation, ids: Sequence[str]) -> dict[str, Row]:
        facts = self._facts(generation)
        return {row["_id"]: row async for row in facts.find({"_id": {"$in": list(ids)}}, {"parts": 1, "office": 1})}

    async def at_one_moment(self, read: Callable[[Session], Awaitable[Any]]) -> Any:
        """What `read` returns, all of it as of one moment; good for five minutes."""
        async with await self._client.start_session(snapshot=True) as session:
            return await read(session)

    async def every_fact(self, session: Session) -> AsyncIterator[Row]:
        pointer = await self._pointers.find_one({"_id": 0}, session=session)
        assert pointer is not None
        facts = self._facts(pointer_of(pointer).current)
        async for row in facts.find({}, {"office": 1, "parts": 1, "counted": 1}, session=session).batch_size(1000):
            yield row

    async def every_counter(self, session: Session, counters: int | None = None) -> AsyncIterator[Row]:
        pointer = await self._pointers.find_one({"_id": 0}, session=session)
        assert pointer is not None
        number = counters or pointer_of(pointer).current.counters
        async for row in self._database[f"{COUNTERS}_{number}"].find({}, session=session):
            yield row

    # --- generations -----------------------------------------------------------------------------

    async def begin_rebuild(self) -> Generation:
        """From now on whoever writes facts writes this empty generation, too. An unfinished one is dropped."""
        number = await self._next_number()
        return await self._begin(Generation(number, number))

    async def begin_recount(self) -> Generation:
        """From now on each changed fact enters these empty counters, too. An unfinished rebuild is dropped."""
        return await self._begin(Generation((await self.pointer()).current.facts, await self._next_number()))

    async def flip(self, generation: Generation) -> None:
        """Readers and writers see the new generation from one moment on. Twice is once. Raises Superseded."""

        async def body(session: Session) -> None:
            pointers = [pointer_of(row) for row in await self._pointers.find({}, session=session).to_list(None)]
            if all(each == Pointer(generation) for each in pointers):
                return
            for each in pointers:
                _expect(each, generation)
            await self._point(Pointer(generation), session)

        await self._transactions.run(body)

    async def abandon(self, generation: Generation) -> None:
        """Nobody writes the generation any more, and it is gone; nothing changes once it was flipped."""

        async def body(session: Session) -> None:
            row = await self._pointers.find_one({"_id": 0}, session=session)
            if row and pointer_of(row).building == generation:
                await self._point(Pointer(pointer_of(row).current), session)

        await self._transactions.run(body)
        await self.drop_unused()

    async def drop_unused(self) -> None:
        """Drop every generation that is neither current nor being built."""
        pointer = await self.pointer()
        used = {name for each in (pointer.current, pointer.building) if each for name in _collections(each)}
        for name in await self._generation_names():
            if name not in used:
                await self._database.drop_collection(name)

    async def forget_unused(self, document_ids: Sequence[str]) -> None:
        """Take the documents out of generations that an interrupted run has left, where no event reaches them."""
        pointer = await self.pointer()
        used = {name for each in (pointer.current, pointer.building) if each for name in _collections(each)}
        for name in await self._generation_names():
            if name.startswith(f"{FACTS}_") and name not in used:
                await self._database[name].delete_many({"_id": {"$in": list(document_ids)}})

    async def document_ids(self, after: str) -> list[str]:
        """The next facts by id."""
        facts = self._facts((await self.pointer()).current)
        found = facts.find({"_id": {"$gt": after}}, {"_id": 1}).sort("_id", ASCENDING).limit(PIECE)
        return [row["_id"] async for row in found]

    async def size(self) -> int:
        return await self._facts((await self.pointer()).current).estimated_document_count()

    async def _begin(self, generation: Generation) -> Generation:
        await self._make(Pointer(generation))

        async def body(session: Session) -> None:
            row = await self._pointers.find_one({"_id": 0}, session=session)
            assert row is not None
            await self._point(Pointer(pointer_of(row).current, generation), session)

        await self._transactions.run(body)
        await self.drop_unused()
        return generation

    async def _point(self, pointer: Pointer, session: Session) -> None:
        await self._pointers.update_many({}, {"$set": pointer.as_row(), "$inc": {"flips": 1}}, session=session)

    async def _next_number(self) -> int:
        numbers = [int(name.rpartition("_")[2]) for name in await self._generation_names()]
        return max(numbers, default=0) + 1

    async def _generation_names(self) -> list[str]:
        return [name for name in await self._database.list_collection_names() if _is_generation(name)]

    async def _make(self, pointer: Pointer) -> None:
        for generation in (pointer.current, pointer.building):
            if generation:
                await self._facts(generation).create_indexes(FACT_INDEXES)
                await self._database[f"{COUNTERS}_{generation.counters}"].create_indexes(COUNTER_INDEXES)
                await self._period_counts(generation).create_indexes(PERIOD_INDEXES)

    def _facts(self, generation: Generation) -> Collection:
        return self._database[f"{FACTS}_{generation.facts}"]

    def _period_counts(self, generation: Generation) -> Collection:
        return self._database[f"{PERIOD_COUNTS}_{generation.facts}"]


PRODUCERS = ("intake", "routing", "notify")


def _index(name: str, *fields: str) -> IndexModel:
    return IndexModel([(field, ASCENDING) for field in fields], name=name)


FACT_INDEXES = [
    _index("by_category", "office", "category", "arrived_on", "_id"),
    _index("by_name", "office", "named", "done_on", "_id"),
]
COUNTER_INDEXES = [_index("by_series", "office", "family", "scale", "period")]
PERIOD_INDEXES = [_index("by_period", "office", "first_day")]


def _increment(row: RowKey, lane: int, counts: dict[str, int]) -> UpdateOne:
    place = {name: getattr(row, name) for name in ("office", "family", "of", "scale", "period")}
    change = {f"counts.{path}": count for path, count in counts.items()}
    return UpdateOne({"_id": row.id(lane)}, {"$inc": change, "$setOnInsert": {**place, "lane": lane}}, upsert=True)


async def _write(rows: Collection, writes: Iterable[Any], session: Session) -> None:
    """One bulk write. Raises LostRace when another writer made one of the rows meanwhile."""
    listed = list(writes)
    if not listed:
        return
    try:
        await rows.bulk_write(listed, ordered=False, session=session)
    except BulkWriteError as error:
        if any(fault["code"] == DUPLICATE for fault in error.details.get("writeErrors", ())):
            raise LostRace("another writer was first") from error
        raise


def _expect(pointer: Pointer, generation: Generation) -> None:
    if pointer.building != generation:
        raise Superseded(f"generation {generation} is no longer being built: another run has begun")


def _collections(generation: Generation) -> set[str]:
    return {
        f"{FACTS}_{generation.facts}",
        f"{PERIOD_COUNTS}_{generation.facts}",
        f"{COUNTERS}_{generation.counters}",
    }


def _is_generation(name: str) -> bool:
    kind, _, number = name.rpartition("_")
    return kind in {FACTS, COUNTERS, PERIOD_COUNTS} and number.isdigit()
