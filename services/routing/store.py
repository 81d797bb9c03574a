"""What routing keeps of documents: assignments by document, and how much each person has to do."""

from collections.abc import AsyncIterator, Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from typing import NamedTuple

from pymongo import ASCENDING, IndexModel, InsertOne, ReplaceOne, UpdateOne
from pymongo.errors import BulkWriteError, DuplicateKeyError

from services.chassis.errors import InvalidRecord, LostRace
from services.chassis.mongo import Database, Row, Session
from services.events import AssignmentState, AssignmentStatus, Urgency
from services.policy import Viewer, viewer_tokens
from services.routing.assignment import Kept, readers_of
from services.routing.corrections import Correction, must_be_forgotten
from services.routing.lists import Only, Which, ends_before, place_of, tokens_for, tokens_of
from services.routing.settling import Change, DocumentKey
from services.routing.workload import NO_LOAD, Load, LoadBook, Received

MOST_COUNTED = 1000
DUPLICATE_KEY = 11000


class Ask(NamedTuple):
    """A list, or a part of it; `today` is the office's."""

    which: Which
    today: date
    only: Only | None = None
    urgency: Urgency | None = None
    matter: str | None = None


class Store:
    """`assignments` by document id; `loads` by office and person, moved by the difference in the same transaction;
    `corrections` by document and the version that made them.

    `lists` and `place` stand only in rows that are on some list, and `look_at` in those that the watch waits for.
    """

    def __init__(self, database: Database) -> None:
        self._assignments = database["assignments"]
        self._loads = database["loads"]
        self._corrections = database["corrections"]

    async def prepare(self) -> None:
        await self._assignments.create_indexes(
            [
                IndexModel(
                    [("office", ASCENDING), ("lists", ASCENDING), ("place", ASCENDING)],
                    name="lists",
                    partialFilterExpression={"place": {"$exists": True}},
                ),
                IndexModel(
                    [("look_at", ASCENDING)], name="watch", partialFilterExpression={"look_at": {"$exists": True}}
                ),
            ]
        )
        await self._loads.create_indexes([IndexModel([("office", ASCENDING)], name="by_office")])

    async def kept(self, keys: Collection[DocumentKey]) -> dict[DocumentKey, Kept]:
        """Those that are known. Raises InvalidRecord when an id belongs to another office."""
        offices = {document_id: office for office, document_id in keys}
        rows = await self._assignments.find({"_id": {"$in": list(offices)}}).to_list(None)
        if len(offices) != len(keys) or any(row["office"] != offices[row["_id"]] for row in rows):
            raise InvalidRecord("the document belongs to another office")
        return {(row["office"], row["_id"]): Kept.model_validate(row) for row in rows}

    async def visible(self, viewer: Viewer, document_id: str, session: Session | None = None) -> Kept | None:
        """None also where the viewer may not know of the document."""
        row = await self._assignments.find_one({"_id": document_id, **_seen_by(viewer)}, session=session)
        return Kept.model_validate(row) if row else None

    async def listed(self, viewer: Viewer, ask: Ask, after: str, limit: int) -> list[Kept]:
        """The viewer's list from the place after which it goes on, as far as they may see it; what is due first, first."""
        wanted = _on_list(viewer, ask)
        if wanted is None:
            return []
        wanted["place"] = {**wanted.get("place", {}), "$gt": after}
        rows = self._assignments.find(wanted).sort("place", ASCENDING).limit(limit)
        return [Kept.model_validate(row) for row in await rows.to_list(limit)]

    async def count(self, viewer: Viewer, ask: Ask) -> int:
        """How many are on the list; more than `MOST_COUNTED` are that many."""
        wanted = _on_list(viewer, ask)
        return 0 if wanted is None else await self._assignments.count_documents(wanted, limit=MOST_COUNTED)

    async def to_look_at(self, now: datetime, limit: int) -> list[Kept]:
        """What the watch has to look at by now, longest overdue first; its cost does not grow with what is open."""
        rows = self._assignments.find({"look_at": {"$lte": now}}).sort("look_at", ASCENDING).limit(limit)
        return [Kept.model_validate(row) for row in await rows.to_list(limit)]

    async def loads(self, offices: Collection[str], session: Session | None = None) -> dict[str, LoadBook]:
        """A book for each office, also for one without any work yet."""
        loads: dict[str, dict[str, Load]] = {office: {} for office in offices}
        received: dict[str, dict[str, Received]] = {office: {} for office in offices}
        rows = await self._loads.find({"office": {"$in": list(offices)}}, session=session).to_list(None)
        for row in rows:
            loads[row["office"]][row["person_id"]] = load_in(row)
            received[row["office"]][row["person_id"]] = Received(row.get("weeks", {}), row.get("last_on", ""))
        return {office: LoadBook(known, received[office]) for office, known in loads.items()}

    async def keep(self, changes: Collection[Change], session: Session) -> None:
        """Each from exactly the version it was decided on; raises LostRace when somebody was faster.

        Corrections of what nobody may read any more go with it.
        """
        writes = [_write(change) for change in changes]
        result = await self._assignments.bulk_write(writes, ordered=False, session=session)
        if result.matched_count + result.inserted_count != len(writes):
            raise LostRace("an assignment changed meanwhile; deciding again")
        if gone := [change.after.document_id for change in changes if must_be_forgotten(change.after)]:
            await self._corrections.delete_many({"document_id": {"$in": gone}}, session=session)

    async def keep_correction(self, correction: Correction, session: Session) -> None:
        """Once for each version of a document."""
        row = {"_id": f"{correction.document_id}:{correction.version}", **correction.model_dump(mode="json")}
        await self._corrections.insert_one(row, session=session)

    async def corrections(self, office: str) -> list[Correction]:
        rows = await self._corrections.find({"office": office}).to_list(None)
        return [Correction.model_validate(row) for row in rows]

    async def as_decided(self, office: str) -> AsyncIterator[Row]:
        """`{_id, facts, unit, row_id}` of what rules have decided and has a lead. Reads all assignments of the office."""
        wanted = {
            "office": office,
            "reason.row_id": {"$ne": None},
            "state.lead_unit_id": {"$ne": None},
            "state.status": {"$ne": AssignmentStatus.WITHDRAWN},
            "state.document.sealed": {"$ne": True},
            "state.document.restricted": {"$ne": True},
        }
        parts = dict.fromkeys(("facts", "state.lead_unit_id", "reason.row_id"), 1)
        async for row in self._assignments.find(wanted, parts).batch_size(1000):
            unit, row_id = row["state"]["lead_unit_id"], row["reason"]["row_id"]
            yield {"_id": row["_id"], "facts": row["facts"], "unit": unit, "row_id": row_id}

    async def shift_loads(self, books: Mapping[str, LoadBook], session: Session) -> None:
        """Differences, so that what others moved meanwhile stays; days on which nothing is left are taken out last."""
        writes = [write for office, book in books.items() for write in _load_writes(office, book)]
        if writes:
            await self._loads.bulk_write(writes, ordered=True, session=session)

    async def by_document(self) -> AsyncIterator[Row]:
        """Every assignment in the order of its id, as a check needs it."""
        parts = ("_id", "office", "version", "source_version", "state")
        rows = self._assignments.find({}, dict.fromkeys(parts, 1)).sort("_id", ASCENDING).batch_size(1000)
        async for row in rows:
            state = row.pop("state")
            event_id = f"{row['_id']}:{row['version']}"
            yield {**row, **{part: state[part] for part in _CHECKED}, "last_event_id": event_id}

    async def arrived(self, office: str, first: date, last: date) -> AsyncIterator[Row]:
        """`{_id, facts}` of what arrived from the first day to the last, in the order of arrival.

        What was withdrawn or is sealed is left out. Reads all assignments of the office: for a person who waits.
        """
        wanted = _arrived(office, first, last)
        async for row in self._assignments.find(wanted, {"facts": 1}).sort("_id", ASCENDING).batch_size(1000):
            yield row

    async def count_arrived(self, office: str, first: date, last: date) -> int:
        return await self._assignments.count_documents(_arrived(office, first, last))

    async def states(self, office: str) -> AsyncIterator[AssignmentState]:
        """Every public state of an office: what loads are recomputed from."""
        async for row in self._assignments.find({"office": office}, {"state": 1}):
            yield AssignmentState.model_validate(row["state"])


_CHECKED = ("status", "lead_unit_id", "lead_person_id", "coordinators")


@contextmanager
def lost_races_are_run_again() -> Iterator[None]:
    """Another replica or request wrote the same row first: nothing of ours stands. Raises LostRace."""
    try:
        yield
    except DuplicateKeyError as error:
        raise LostRace("somebody else wrote the same document") from error
    except BulkWriteError as error:
        if any(fault["code"] != DUPLICATE_KEY for fault in error.details.get("writeErrors", [{"code": 0}])):
            raise
        raise LostRace("somebody else wrote the same document") from error


def _arrived(office: str, first: date, last: date) -> Row:
    return {
        "office": office,
        "facts.arrived_on": {"$gte": first.isoformat(), "$lte": last.isoformat()},
        "state.status": {"$ne": AssignmentStatus.WITHDRAWN},
        "state.document.sealed": {"$ne": True},
    }


def _seen_by(viewer: Viewer) -> Row:
    tokens = sorted(viewer_tokens(viewer))
    return {"office": viewer.office, "readers": {"$in": tokens}, "conflicted": {"$ne": viewer.person_id}}


def _on_list(viewer: Viewer, ask: Ask) -> Row | None:
    """None for a list that nobody could be on."""
    tokens = tokens_for(ask.which, ask.only, viewer)
    if not tokens:
        return None
    wanted: Row = {**_seen_by(viewer), "lists": tokens[0] if len(tokens) == 1 else {"$in": tokens}}
    if end := ends_before(ask.only, ask.today):
        wanted["place"] = {"$lt": end}
    if ask.urgency:
        wanted["state.document.urgency"] = ask.urgency.value
    if ask.matter:
        wanted["state.matter"] = ask.matter
    return wanted


def _write(change: Change) -> InsertOne[Row] | ReplaceOne[Row]:
    row = _row(change.after)
    if change.before is None:
        return InsertOne(row)
    epoch, version = change.before.source
    decided_on = {"version": change.before.version, "source_epoch": epoch, "source_version": version}
    return ReplaceOne({"_id": row["_id"], **decided_on}, row)


def _row(kept: Kept) -> Row:
    row = {"_id": kept.document_id, **kept.model_dump(mode="json")}
    row["reason"]["candidates"] = list(map(list, kept.reason.candidates))
    row |= {"readers": readers_of(kept), "conflicted": list(kept.facts.conflicted_person_ids)}
    if lists := tokens_of(kept.state):
        row |= {"lists": lists, "place": place_of(kept.state)}
    row.pop("look_at")
    if kept.look_at is not None:
        row["look_at"] = kept.look_at  # as a date, for its index
    return row


def load_in(row: Row) -> Load:
    due = {day: weight for day, weight in row.get("due", {}).items() if weight}
    return Load(row.get("open", 0), row.get("total", 0), row.get("waiting", 0), due)


def increments(load: Load) -> Row:
    """By field of a row; what stays as it is has none."""
    counts = {"open": load.open, "total": load.total, "waiting": load.waiting}
    weights = {f"due.{day}": weight for day, weight in load.due.items()}
    return {field: by for field, by in {**counts, **weights}.items() if by}


def _load_writes(office: str, book: LoadBook) -> Iterator[UpdateOne]:
    for person_id in book.changes.keys() | book.gave.keys():
        row_id = f"{office}/{person_id}"
        if update := _load_update(book, person_id):
            whose = {"$setOnInsert": {"office": office, "person_id": person_id}}
            yield UpdateOne({"_id": row_id}, {**update, **whose}, upsert=True)
        for day in book.emptied(person_id):  # only where it is so: the book may be older than the row
            yield UpdateOne({"_id": row_id, f"due.{day}": 0}, {"$unset": {f"due.{day}": ""}})


def _load_update(book: LoadBook, person_id: str) -> Row:
    moved = increments(book.changes.get(person_id, NO_LOAD))
    update: Row = {}
    if gave := book.gave.get(person_id):
        moved |= {f"weeks.{week}": count for week, count in gave.weeks.items()}
        update["$max"] = {"last_on": gave.last_on}
    if outdated := [*book.outdated(person_id)]:
        update["$unset"] = {f"weeks.{week}": "" for week in outdated}
    return {**update, "$inc": {"open": 0, "total": 0, **moved}} if moved else update  # a new row has both
