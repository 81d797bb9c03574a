"""What notify keeps: a ledger per document, an inbox row per notice, and events that wait for their people."""

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pymongo import ASCENDING, DESCENDING, IndexModel, InsertOne, ReplaceOne, UpdateOne
from pymongo.errors import BulkWriteError

from services.chassis.auth import PERSON, UNIT
from services.chassis.copies import Copies
from services.chassis.errors import LostRace
from services.chassis.journal import Journal
from services.chassis.mongo import Database, Row, Session
from services.events import NoticeEvent
from services.notify.audience import ROLE_TOLD, Directory, head_token, role_token
from services.notify.inbox import Place
from services.notify.ledger import Ledger
from services.notify.rows import ledger_of, ledger_row, notice_row
from services.notify.telling import Told

MOST_UNREAD_COUNTED = 10_000
DUPLICATE = 11000
WATCH_MILLISECONDS = 250


@dataclass(frozen=True)
class ToldOf:
    """Who has an inbox notice about a document: the people by the event that caused it."""

    office: str
    document_id: str
    people_by_cause: dict[str, frozenset[str]]


class Store:
    def __init__(self, database: Database, journal: Journal, copies: Copies) -> None:
        self.ledgers = database["audiences"]
        self.notices = database["notices"]
        self.untold = database["untold"]
        self._journal = journal
        self._copies = copies

    async def prepare(self) -> None:
        mine = [("office", ASCENDING), ("person_id", ASCENDING)]
        newest = [("created_at", DESCENDING), ("_id", DESCENDING)]
        await self.notices.create_indexes(
            [
                IndexModel([*mine, ("unread", DESCENDING), *newest], name="inbox"),
                IndexModel([*mine, ("created_at", ASCENDING), ("_id", ASCENDING)], name="stream"),
                IndexModel([("document_id", ASCENDING), ("cause", ASCENDING)], name="by_document"),
            ]
        )
        await self.untold.create_indexes([IndexModel([("office", ASCENDING), ("token", ASCENDING)], name="by_token")])

    async def directory(self, offices: Iterable[str]) -> Directory:
        """Who is there for what, of these offices, by what has been heard of them so far."""
        roles = sorted({str(role) for role in ROLE_TOLD.values()})
        able = {"kind": PERSON, "state.roles": {"$in": roles}, "state.disabled": {"$ne": True}}
        heads = {"kind": UNIT, "state.head_person_id": {"$type": "string"}}
        wanted = {"office": {"$in": sorted(offices)}, "$or": [able, heads]}
        people: dict[tuple[str, str], set[str]] = {}
        async for row in self._copies.rows.find(wanted, {"office": 1, "kind": 1, "state": 1}):
            for token, person in _tokens(row["kind"], row["state"]):
                people.setdefault((row["office"], token), set()).add(person)
        return Directory({key: frozenset(each) for key, each in people.items()})

    async def known(self, document_ids: Iterable[str], session: Session) -> dict[str, Ledger]:
        rows = self.ledgers.find({"_id": {"$in": sorted(document_ids)}}, session=session)
        return {row["_id"]: ledger_of(row) for row in await rows.to_list(None)}

    async def standing(self, document_id: str) -> Ledger | None:
        row = await self.ledgers.find_one({"_id": document_id})
        return ledger_of(row) if row else None

    async def keep(self, told: Told, known: dict[str, Ledger], session: Session) -> None:
        """All of it with the caller's transaction. Raises LostRace when another replica was first."""
        try:
            await self._keep_ledgers(told.ledgers, known, session)
            if told.notices:
                await self.notices.insert_many([notice_row(each) for each in told.notices], session=session)
            if told.hidden:
                await self._hide(told.hidden, session)
            if told.untold:
                await self.untold.bulk_write([_waiting(*each) for each in told.untold], session=session)
            await self._journal.append(told.events, session)
        except BulkWriteError as error:
            raise _lost_race(error) from error

    async def _keep_ledgers(self, ledgers: dict[str, Ledger], known: dict[str, Ledger], session: Session) -> None:
        writes: list[InsertOne[Row] | ReplaceOne[Row]] = [
            ReplaceOne({"_id": each.document_id, "version": known[each.document_id].version}, ledger_row(each))
            if each.document_id in known
            else InsertOne(ledger_row(each))
            for each in ledgers.values()
        ]
        if writes:
            result = await self.ledgers.bulk_write(writes, ordered=False, session=session)
            if result.matched_count + result.inserted_count != len(writes):
                raise LostRace("another replica told of the same document")

    async def _hide(self, document_ids: set[str], session: Session) -> None:
        discreet = {"$set": {"about.restricted": True}, "$unset": {"about.subject": "", "about.note": ""}}
        await self.notices.update_many({"document_id": {"$in": sorted(document_ids)}}, discreet, session=session)

    async def waiting(self, directory: Directory, limit: int) -> list[Row]:
        """Events that could not be told to people whom the directory knows, oldest first."""
        known = [{"office": office, "token": token} for office, token in directory.people]
        return await self.untold.find({"$or": known}).sort("_id", ASCENDING).limit(limit).to_list(None) if known else []

    async def no_longer_wait(self, ids: Sequence[str], session: Session) -> None:
        await self.untold.delete_many({"_id": {"$in": list(ids)}}, session=session)

    async def forget_waiting(self, document_ids: Iterable[str]) -> None:
        """There is nothing to tell of them any more."""
        for each in document_ids:
            await self.untold.delete_many({"_id": {"$gte": f"{each}:", "$lt": f"{each};"}})

    async def page(self, office: str, person_id: str, place: Place | None, limit: int, *, unread: bool) -> list[Row]:
        """At most `limit` notices after the place: unread first, newest first within."""
        rows: list[Row] = []
        for section in (True,) if unread else (True, False):
            if len(rows) < limit and not (place and section and not place.unread):
                wanted = {"office": office, "person_id": person_id, "unread": section}
                if place and place.unread == section:
                    wanted |= _older(place.created_at, place.id)
                order = [("created_at", DESCENDING), ("_id", DESCENDING)]
                rows += await self.notices.find(wanted).sort(order).limit(limit - len(rows)).to_list(None)
        return rows

    async def count_unread(self, office: str, person_id: str) -> int:
        """Counts no further than 10,000."""
        mine = {"office": office, "person_id": person_id, "unread": True}
        return await self.notices.count_documents(mine, limit=MOST_UNREAD_COUNTED)

    async def since(self, office: str, person_id: str, moment: datetime, after: str, limit: int) -> list[Row]:
        """A person's notices from the moment on, in order of (created_at, id), beginning after the id."""
        later = {"$or": [{"created_at": {"$gt": moment}}, {"created_at": moment, "_id": {"$gt": after}}]}
        mine = {"office": office, "person_id": person_id, "created_at": {"$gte": moment}, **later}
        order = [("created_at", ASCENDING), ("_id", ASCENDING)]
        return await self.notices.find(mine).sort(order).limit(limit).to_list(None)

    async def arrivals(self, opened: Callable[[], None]) -> AsyncIterator[Row]:
        """New notices of everybody as they are committed, by any process; calls `opened` once it watches."""
        inserts = [{"$match": {"operationType": "insert"}}]
        async with self.notices.watch(inserts, max_await_time_ms=WATCH_MILLISECONDS) as stream:
            while stream.alive:
                change = await stream.try_next()
                opened()
                if change:
                    yield change["fullDocument"]

    async def find(self, office: str, person_id: str, notice_id: str) -> Row | None:
        return await self.notices.find_one({"_id": notice_id, "office": office, "person_id": person_id})

    async def mark_opened(self, notice_id: str, at: datetime, session: Session) -> bool:
        """Whether this was the first time."""
        first = {"_id": notice_id, "unread": True}
        change = {"$set": {"unread": False, "opened_at": at}}
        return bool((await self.notices.update_one(first, change, session=session)).modified_count)

    async def replace_ledger(self, ledger: Ledger, event: NoticeEvent, session: Session) -> None:
        """The next version of a ledger with the event that says so. Raises LostRace when it has moved on."""
        before = {"_id": ledger.document_id, "version": ledger.version - 1}
        result = await self.ledgers.replace_one(before, ledger_row(ledger), session=session)
        if not result.matched_count:
            raise LostRace("another replica told of the same document")
        try:
            await self._journal.append([event], session)
        except BulkWriteError as error:
            raise _lost_race(error) from error

    async def nobody_to_tell(self) -> AsyncIterator[tuple[str, str, str]]:
        """`(office, token, document id)` of each notice that waits because nobody holds the token."""
        async for row in self.untold.find({}, {"office": 1, "token": 1}).sort("_id", ASCENDING):
            yield row["office"], row["token"], row["_id"].partition(":")[0]

    async def told(self, office: str | None = None) -> AsyncIterator[ToldOf]:
        """Who really has notices, document by document, from the inbox rows themselves."""
        wanted = {"office": office} if office else {}
        fields = {"office": 1, "document_id": 1, "cause": 1, "person_id": 1}
        rows = self.notices.find(wanted, fields).sort([("document_id", ASCENDING), ("cause", ASCENDING)])
        current: tuple[str, str] | None = None
        people: dict[str, set[str]] = {}
        async for row in rows.batch_size(5000):
            place = (row["office"], row["document_id"])
            if current and place != current:
                yield _told_of(current, people)
                people = {}
            current = place
            people.setdefault(row["cause"], set()).add(row["person_id"])
        if current:
            yield _told_of(current, people)

    async def count(self, office: str | None = None) -> int:
        return await self.notices.count_documents({"office": office} if office else {})


def _told_of(place: tuple[str, str], people: dict[str, set[str]]) -> ToldOf:
    return ToldOf(*place, {cause: frozenset(each) for cause, each in people.items()})


def _tokens(kind: str, state: dict[str, Any]) -> list[tuple[str, str]]:
    if kind == UNIT:
        return [(head_token(state["unit_id"]), state["head_person_id"])]
    return [(role_token(role), state["person_id"]) for role in state["roles"]]


def _waiting(token: str, cause: Any) -> UpdateOne:
    event = cause.model_dump_json(exclude={"assignment": {"note": True, "document": {"subject"}}})
    row = {"office": cause.office, "token": token, "type": cause.type, "event": event}
    row_id = f"{cause.key}:{cause.epoch:010d}:{cause.version:08d}:{cause.producer}:{token}"
    return UpdateOne({"_id": row_id}, {"$setOnInsert": row}, upsert=True)


def _older(created_at: datetime, id: str) -> dict[str, Any]:
    return {"$or": [{"created_at": {"$lt": created_at}}, {"created_at": created_at, "_id": {"$lt": id}}]}


def _lost_race(error: BulkWriteError) -> Exception:
    faults = error.details.get("writeErrors", [])
    if faults and all(each.get("code") == DUPLICATE for each in faults):
        return LostRace("another replica told of the same document")
    return error
