"""What routing keeps of documents: assignments by document, and how much each person has to do."""

from collections.abc import AsyncIterator, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager

from pymongo import ASCENDING, IndexModel, InsertOne, ReplaceOne, UpdateOne
from pymongo.errors import BulkWriteError, DuplicateKeyError

from services.chassis.errors import InvalidRecord, LostRace
from services.chassis.mongo import Database, Row, Session
from services.events import AssignmentState, AssignmentStatus
from services.policy import Viewer, viewer_tokens
from services.routing.assignment import Kept, readers_of
from services.routing.settling import Change, DocumentKey
from services.routing.workload import OPEN, Load, LoadBook

ON_THE_CLERKS_LIST = frozenset({AssignmentStatus.UNASSIGNED, AssignmentStatus.RETURNED})
DUPLICATE_KEY = 11000


class Store:
    """`assignments` by document id; `loads` by office and person, moved by the difference in the same transaction.

    `open_with` and `listed` stand only in rows of open work and of the clerk's list, and carry their indexes.
    """

    def __init__(self, database: Database) -> None:
        self._assignments = database["assignments"]
        self._loads = database["loads"]

    async def prepare(self) -> None:
        await self._assignments.create_indexes(
            [
                IndexModel(
                    [("office", ASCENDING), ("open_with", ASCENDING), ("_id", ASCENDING)],
                    name="open_work",
                    partialFilterExpression={"open_with": {"$exists": True}},
                ),
                IndexModel(
                    [("office", ASCENDING), ("_id", ASCENDING)],
                    name="clerks_list",
                    partialFilterExpression={"listed": True},
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

    async def open_work(self, viewer: Viewer, after: str, limit: int) -> list[Kept]:
        """What the viewer leads and has not finished, by document id."""
        return await self._page({"open_with": viewer.person_id, **_seen_by(viewer)}, after, limit)

    async def clerks_list(self, viewer: Viewer, after: str, limit: int) -> list[Kept]:
        """What waits for somebody to be named, as far as the viewer may see it."""
        return await self._page({"listed": True, **_seen_by(viewer)}, after, limit)

    async def _page(self, wanted: Row, after: str, limit: int) -> list[Kept]:
        rows = self._assignments.find({**wanted, "_id": {"$gt": after}}).sort("_id", ASCENDING).limit(limit)
        return [Kept.model_validate(row) for row in await rows.to_list(limit)]

    async def loads(self, offices: Collection[str], session: Session | None = None) -> dict[str, LoadBook]:
        """A book for each office, also for one without any work yet."""
        loads: dict[str, dict[str, Load]] = {office: {} for office in offices}
        rows = await self._loads.find({"office": {"$in": list(offices)}}, session=session).to_list(None)
        for row in rows:
            loads[row["office"]][row["person_id"]] = Load(row["open"], row["total"])
        return {office: LoadBook(known) for office, known in loads.items()}

    async def keep(self, changes: Iterable[Change], session: Session) -> None:
        """Each from exactly the version it was decided on; raises LostRace when somebody was faster."""
        writes = [_write(change) for change in changes]
        result = await self._assignments.bulk_write(writes, ordered=False, session=session)
        if result.matched_count + result.inserted_count != len(writes):
            raise LostRace("an assignment changed meanwhile; deciding again")

    async def shift_loads(self, books: Mapping[str, LoadBook], session: Session) -> None:
        writes = [
            _load_write(office, person_id, by)
            for office, book in books.items()
            for person_id, by in book.changes.items()
            if by != Load()
        ]
        if writes:
            await self._loads.bulk_write(writes, ordered=False, session=session)

    async def by_document(self) -> AsyncIterator[Row]:
        """Every assignment in the order of its id, as a check needs it."""
        parts = ("_id", "office", "version", "source_version", "state")
        rows = self._assignments.find({}, dict.fromkeys(parts, 1)).sort("_id", ASCENDING).batch_size(1000)
        async for row in rows:
            state = row.pop("state")
            event_id = f"{row['_id']}:{row['version']}"
            yield {**row, **{part: state[part] for part in _CHECKED}, "last_event_id": event_id}

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


def _seen_by(viewer: Viewer) -> Row:
    tokens = sorted(viewer_tokens(viewer))
    return {"office": viewer.office, "readers": {"$in": tokens}, "conflicted": {"$ne": viewer.person_id}}


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
    if kept.state.status in OPEN:
        row["open_with"] = kept.state.lead_person_id
    if kept.state.status in ON_THE_CLERKS_LIST:
        row["listed"] = True
    return row


def _load_write(office: str, person_id: str, by: Load) -> UpdateOne:
    return UpdateOne(
        {"_id": f"{office}/{person_id}"},
        {"$inc": by._asdict(), "$setOnInsert": {"office": office, "person_id": person_id}},
        upsert=True,
    )
