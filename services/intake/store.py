"""The register and what belongs to it, in MongoDB."""

from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

import bson
from pymongo import ASCENDING, DESCENDING, IndexModel, ReturnDocument, UpdateOne
from pymongo.errors import BulkWriteError, DuplicateKeyError, OperationFailure
from uuid_utils import uuid7

from services.chassis.errors import Failure, Halted, NotFound, Problem
from services.chassis.journal import Journal
from services.chassis.logs import logger
from services.chassis.mongo import BlockingSession, Database, Row, Session, Transactions, blocking
from services.events import AssignmentEvent, Direction, DocumentEvent, DocumentStatus, SecrecyIncidentRaised
from services.intake.documents import Arrival, arrived, assigned, entry, readership, sender_key_of
from services.intake.numbering import clocks_agree, highest_of_book, is_ahead, is_of_year

Decide = Callable[[Row], tuple[Row, *tuple[DocumentEvent, ...]]]
SenderKey = tuple[str, str, str]
Place = tuple[str, str, int]
LONGEST_TRANSACTION_SECONDS = 5
DUPLICATE_KEY = 11000
SWEEPING_OFF = "sweeping-off"
LIVE = {"status": DocumentStatus.REGISTERED.value}
_BY_NUMBER = [("office", ASCENDING), ("book", ASCENDING), ("year", ASCENDING), ("number", ASCENDING)]
_BY_READER = [*_BY_NUMBER[:3], ("readers", ASCENDING), _BY_NUMBER[3]]


class Collision(Failure):
    """Another process has just used the same sender's key, or opened the same book."""


class Register:
    """Books, documents and the journal of both. A number exists only in the transaction that stores its entry."""

    def __init__(
        self, database: Database, journal: Journal, transactions: Transactions, timezone: str, tolerance_seconds: float
    ) -> None:
        self.rows = database["documents"]
        self.books = database["books"]
        self.batches = database["register_batches"]
        self.switches = database["switches"]
        self._journal = journal
        self._transactions = transactions
        self._timezone = timezone
        self._zone = ZoneInfo(timezone)
        self._tolerance = timedelta(seconds=tolerance_seconds)

    async def prepare(self) -> None:
        await self.rows.create_indexes(
            [
                IndexModel(_BY_NUMBER, name="by_number", unique=True),
                IndexModel(_BY_READER, name="by_reader"),
                IndexModel(
                    [("office", ASCENDING), ("sha256", ASCENDING), ("received_at", ASCENDING), ("number", ASCENDING)],
                    name="equal_bytes",
                    partialFilterExpression=LIVE,
                ),
                IndexModel(
                    [("office", ASCENDING), ("device", ASCENDING), ("idempotency_key", ASCENDING)],
                    name="one_per_sender_key",
                    unique=True,
                    partialFilterExpression={"idempotency_key": {"$type": "string"}},
                ),
                IndexModel(
                    [("office", ASCENDING), ("seal.at", ASCENDING)],
                    name="sealed",
                    partialFilterExpression={"seal": {"$exists": True}},
                ),
            ]
        )

    async def check_goes_on_from(self, given: Mapping[Place, int], source: str) -> None:
        """Raises Halted where a book would give a number again that stands in the source, as `the register log`."""
        books = {row["_id"]: row async for row in self.books.find({}, {"year": 1, "next": 1})}
        behind = []
        for (office, book, year), number in sorted(given.items()):
            stored = await self._highest(office, book, year)
            reached = min(stored, highest_of_book(books.get(f"{office}/{book}"), year, stored))
            if reached < number:
                behind.append(f"{office}/{book}/{year}: {source} has number {number}, the database {reached}")
        if behind:
            raise Halted(
                f"The database is older than {source}, and numbers would be given twice. {'; '.join(behind)}. "
                "Stop all services and run `vanthu recover`: it registers what is missing under its old numbers. Do not "
                "delete the register log. Until then intake stays closed."
            )

    async def _highest(self, office: str, book: str, year: int) -> int:
        place = {"office": office, "book": book, "year": year}
        row = await self.rows.find_one(place, {"_id": 0, "number": 1}, sort=[("number", DESCENDING)])
        return row["number"] if row else 0

    # --- numbering -----------------------------------------------------------------------------------

    async def number(self, arrivals: Sequence[Arrival]) -> list[Row]:
        """Number all of them in one transaction, in this order. They are of one office and book.

        Raises Problem 503 `clock-disagrees`; Collision where another process was faster; otherwise as
        `Transactions`. Unless OutcomeUnknown is raised, a failure has used no number.
        """
        batch = str(uuid7())
        try:
            return await self._journal.transact_in_thread(lambda session: self._number(arrivals, batch, session))
        except (DuplicateKeyError, BulkWriteError) as error:
            if not isinstance(error, DuplicateKeyError) and not _is_duplicate(error):
                raise
            raise Collision("a sender's key or a number is taken") from error

    def _number(self, arrivals: Sequence[Arrival], batch: str, session: BlockingSession) -> list[Row]:
        office, book = arrivals[0].office, arrivals[0].book
        taken = self._take_numbers(office, book, len(arrivals), session)
        earliest = self._earliest_with({each.file.sha256 for each in arrivals if each.file}, office, session)
        rows: list[Row] = []
        for number, arrival in enumerate(arrivals, taken["next"] - len(arrivals)):
            duplicate_of = earliest.get(arrival.file.sha256) if arrival.file else None
            if arrival.file and not arrival.description.get("restricted"):
                earliest.setdefault(arrival.file.sha256, arrival.document_id)
            rows.append(entry(arrival, taken["year"], number, taken["last_at"], duplicate_of, batch))
        blocking(self.rows).insert_many(rows, session=session)
        self._journal.append_in_thread(map(arrived, rows), session, (each.traceparent for each in arrivals))
        ids = [row["_id"] for row in rows]
        blocking(self.batches).insert_one({"_id": batch, "at": taken["last_at"], "ids": ids}, session=session)
        return rows

    def _take_numbers(self, office: str, book: str, count: int, session: BlockingSession) -> Row:
        """The book's row afterwards: `next - count` is the first number."""
        now = {"$max": ["$last_at", "$$NOW"]}
        this_year = {"$year": {"date": "$last_at", "timezone": self._timezone}}
        change: list[dict[str, Any]] = [
            {"$set": {"office": office, "book": book, "last_at": now, "clock": "$$NOW"}},
            {"$set": {"next": {"$cond": [{"$eq": ["$year", this_year]}, "$next", 1]}, "year": this_year}},
            {"$set": {"next": {"$add": ["$next", count]}}},
        ]
        row = blocking(self.books).find_one_and_update(
            {"_id": f"{office}/{book}"}, change, upsert=True, return_document=ReturnDocument.AFTER, session=session
        )
        assert row is not None
        self._check_time(row)
        return row

    def _check_time(self, book: Row) -> None:
        """Raises Problem 503 where the number or its year would rest on a wrong clock."""
        now = datetime.now(UTC)
        if not clocks_agree(book["clock"], now, self._tolerance):
            raise clock_disagrees()
        if is_ahead(book["last_at"], now, self._tolerance):
            if not is_of_year(book["last_at"], now, self._zone):
                raise book_ahead(book["year"])
            logger("intake").warning(
                "a clock ran ahead: the book's time stands", book=book["_id"], at=f"{book['last_at']}"
            )

    def _earliest_with(self, digests: Collection[str], office: str, session: BlockingSession) -> dict[str, str]:
        """Restricted and sealed documents are left out: a sender may not learn that there is one."""
        if not digests:
            return {}
        told = {"restricted": {"$ne": True}, "seal": {"$exists": False}, **LIVE}
        found = blocking(self.rows).aggregate(
            [
                {"$match": {"office": office, "sha256": {"$in": list(digests)}, **told}},
                {"$sort": {"sha256": 1, "received_at": 1, "number": 1}},
                {"$group": {"_id": "$sha256", "first": {"$first": "$_id"}}},
            ],
            session=session,
        )
        return {row["_id"]: row["first"] for row in found}

    async def answered(self, keys: Iterable[SenderKey]) -> dict[SenderKey, Row]:
        """Documents that these senders' keys have made already."""
        # Without $type MongoDB does not see that the partial index has them all, and reads the office's whole register.
        wanted = [
            {
                "office": office,
                "device": device,
                "idempotency_key": {"$in": [key for *_, key in group], "$type": "string"},
            }
            for (office, device), group in groupby(sorted(set(keys)), lambda key: key[:2])
        ]
        if not wanted:
            return {}
        rows = await self.rows.find({"$or": wanted}).to_list(None)
        return {key: row for row in rows if (key := sender_key_of(row))}

    # --- register log --------------------------------------------------------------------------------

    async def not_logged(self, batches: Collection[str] | None = None, *, older_seconds: float = 0) -> list[Row]:
        """Batches (these, or all) whose lines may be missing in the register log."""
        wanted: dict[str, Any] = {} if batches is None else {"_id": {"$in": list(batches)}}
        if older_seconds:
            wanted["at"] = {"$lt": datetime.now(UTC) - timedelta(seconds=older_seconds)}
        return await self.batches.find(wanted).sort("_id", ASCENDING).to_list(1000)

    async def documents_of(self, batches: Sequence[Row]) -> list[Row]:
        ids = [each for batch in batches for each in batch["ids"]]
        return await self.rows.find({"_id": {"$in": ids}}).to_list(None) if ids else []

    async def forget_logged(self, batches: Collection[str]) -> None:
        """Their lines are on the disk."""
        await self.batches.delete_many({"_id": {"$in": list(batches)}})

    # --- reading -------------------------------------------------------------------------------------

    async def get(self, document_id: str, office: str) -> Row | None:
        return await self.rows.find_one({"_id": document_id, "office": office})

    async def find(self, document_id: str) -> Row | None:
        """Of whichever office, for who runs the installation."""
        return await self.rows.find_one({"_id": document_id})

    async def sealed(self, office: str, person_id: str) -> list[Row]:
        """The office's sealed documents that do not concern this person, oldest seal first."""
        wanted = {"office": office, "seal": {"$exists": True}, "conflicted": {"$ne": person_id}}
        return await self.rows.find(wanted).sort("seal.at", ASCENDING).to_list(None)

    async def has_book(self, office: str, book: str) -> bool:
        return await self.books.find_one({"_id": f"{office}/{book}"}, {"_id": 1}) is not None

    async def page(
        self, office: str, book: str, year: int, after: int, limit: int, tokens: Collection[str], person_id: str
    ) -> list[Row]:
        """The book's entries above a number that a viewer with these tokens may read."""
        place = {"book": book, "year": year, "number": {"$gt": after}}
        wanted = {**place, **_readable_by(office, tokens, person_id)}
        return await self.rows.find(wanted).sort("number", ASCENDING).to_list(limit)

    async def readable_of(
        self, document_ids: Collection[str], office: str, tokens: Collection[str], person_id: str
    ) -> set[str]:
        """Those of the documents that a viewer with these tokens may read."""
        if not document_ids:
            return set()
        wanted = {"_id": {"$in": list(document_ids)}, **_readable_by(office, tokens, person_id)}
        return {row["_id"] async for row in self.rows.find(wanted, {"_id": 1})}

    async def all_entries(self) -> AsyncIterator[Row]:
        """Every entry in the order of the books and numbers, with what a check compares; at any size."""
        names = ["office", "book", "year", "number", "status", "direction", "version", "restricted", "sha256", "file"]
        cursor = self.rows.find({}, dict.fromkeys([*names, "received_at"], 1)).sort(_BY_NUMBER).batch_size(2000)
        async for row in cursor:
            yield row

    async def incoming_by_id(self) -> AsyncIterator[Row]:
        """Every incoming entry's `{_id, status}` in the order of its id; at any size."""
        wanted = {"direction": Direction.INCOMING.value}
        async for row in self.rows.find(wanted, {"status": 1}).sort("_id", ASCENDING).batch_size(2000):
            yield row

    async def open_books(self) -> AsyncIterator[Row]:
        """`{office, book, year, next}` of each book as it stands: the number that it gives next."""
        async for row in self.books.find({}, {"office": 1, "book": 1, "year": 1, "next": 1}):
            yield row

    async def count_per_book(self) -> AsyncIterator[Row]:
        """`{office, book, year, count, lowest, highest}` of each book and year."""
        group = {"office": "$office", "book": "$book", "year": "$year"}
        figures = {"count": {"$sum": 1}, "lowest": {"$min": "$number"}, "highest": {"$max": "$number"}}
        async for row in self.rows.aggregate([{"$group": {"_id": group, **figures}}, {"$sort": {"_id": 1}}]):
            yield row.pop("_id") | row

    async def known(self, document_ids: Collection[str]) -> set[str]:
        rows = await self.rows.find({"_id": {"$in": list(document_ids)}}, {"_id": 1}).to_list(None)
        return {row["_id"] for row in rows}

    async def may_sweep(self) -> bool:
        """Not after a restore, until `vanthu recover` has found that no file is a lost document's."""
        return await self.switches.find_one({"_id": SWEEPING_OFF}, {"_id": 1}) is None

    # --- changes -------------------------------------------------------------------------------------

    async def change(self, document_id: str, office: str, decide: Decide) -> Row:
        """Replace the row by what `decide` makes of it, with its events. What `decide` raises changes nothing."""

        async def body(session: Session) -> Row:
            row = await self.rows.find_one({"_id": document_id, "office": office}, session=session)
            if row is None:
                raise NotFound("document")
            changed, *events = decide(row)
            if changed is not row:
                await self.rows.replace_one({"_id": document_id}, changed, session=session)
            await self._journal.append(events, session)
            return changed

        return await self._journal.transact(body)

    async def raise_incident(self, incident: SecrecyIncidentRaised) -> None:
        await self._journal.transact(lambda session: self._journal.append([incident], session))

    async def keep_assignments(self, newest: Mapping[str, AssignmentEvent]) -> None:
        """Keep who works on each document, and with that who may read it; older news changes nothing."""

        async def body(session: Session) -> None:
            found = self.rows.find({"_id": {"$in": list(newest)}}, _READERSHIP, session=session)
            writes = [
                UpdateOne(
                    {"_id": row["_id"]}, {"$set": {"assignment": news, **readership({**row, "assignment": news})}}
                )
                for row in await found.to_list(None)
                if (news := assigned(newest[row["_id"]], row)) is not None
            ]
            if writes:
                await self.rows.bulk_write(writes, ordered=False, session=session)

        await self._transactions.run(body)


def _readable_by(office: str, tokens: Collection[str], person_id: str) -> dict[str, Any]:
    return {"office": office, "readers": {"$in": list(tokens)}, "conflicted": {"$ne": person_id}}


def _is_duplicate(error: BulkWriteError) -> bool:
    return any(fault.get("code") == DUPLICATE_KEY for fault in error.details.get("writeErrors", ()))


_READERSHIP = dict.fromkeys(["office", "restricted", "seal", "conflicted_person_ids", "assignment"], 1)


def size_of(arrival: Arrival) -> int:
    """Bytes in the database. Raises Problem 422 for text that no database can store."""
    try:
        return len(bson.encode(dict(arrival.description))) + 1024
    except (bson.errors.BSONError, UnicodeEncodeError, OverflowError) as error:
        raise Problem(422, "invalid-metadata", "The metadata cannot be stored.", field="/metadata") from error


def clock_disagrees() -> Problem:
    return Problem(
        503,
        "clock-disagrees",
        "The database's clock and the service's differ too much; no number was given.",
        remedy="Set the clocks of both servers by NTP, then send the request again.",
        headers={"Retry-After": "60"},
    )


def book_ahead(year: int) -> Problem:
    return Problem(
        503,
        "clock-disagrees",
        f"The book stands in {year} already, because a clock ran ahead; no number was given.",
        remedy="Set the clocks of both servers by NTP. The book goes on in that year.",
        headers={"Retry-After": "60"},
    )


async def check_transaction_lifetime(database: Database) -> None:
    """Raises Halted where a killed process would block a book for longer than a few seconds."""
    name = "transactionLifetimeLimitSeconds"
    try:
        answer = await database.client.admin.command({"getParameter": 1, name: 1})
    except OperationFailure:
        logger("intake").warning("may not read transactionLifetimeLimitSeconds", wanted=LONGEST_TRANSACTION_SECONDS)
        return
    if answer[name] > LONGEST_TRANSACTION_SECONDS:
        raise Halted(
            f"MongoDB's {name} is {answer[name]}: a process that is killed would block a book for that long. "
            f"Set it to {LONGEST_TRANSACTION_SECONDS} (setParameter) and start again."
        )
