"""Years of history, made of what the services themselves have kept of some documents, again and again.

Under other ids and numbers, so that every collection, index and the register log has the size that it would have.
"""

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bson
import orjson
from pymongo import MongoClient
from pymongo.collection import Collection
from uuid_utils.compat import uuid7

from services.demo.settled import SERVICES
from services.intake.documents import log_line

PIECE_ROWS = 5_000
Row = dict[str, Any]
# database, collection, and where the document's id stands in a row of it
KEPT = (
    ("intake", "documents", "_id"),
    ("intake", "events", "key"),
    ("routing", "assignments", "_id"),
    ("routing", "events", "key"),
    ("notify", "audiences", "_id"),
    ("notify", "notices", "document_id"),
    ("notify", "events", "key"),
    ("reporting", "facts_1", "_id"),
)
OWN_IDS = frozenset({"notices"})


@dataclass(frozen=True)
class Past:
    """Of one installation: its databases on `mongo_url` under `prefix`, its register log in `data`."""

    mongo_url: str
    prefix: str
    data: Path
    templates: int

    def add(self, step: int, documents: int) -> float:
        """So many documents more, in a year of their own, on the disk; bytes of each in rows and indexes."""
        with MongoClient[Row](self.mongo_url) as client:
            before = self._bytes(client)
            found = self._in(client, "intake", "documents").find({}, {"_id": 1}).sort("_id", 1)  # the oldest, each time
            ids = [row["_id"] for row in found.limit(min(self.templates, documents))]
            kept = {(name, rows): list(self._of(ids, client, name, rows, field)) for name, rows, field in KEPT}
            for copy in range(documents // len(ids)):
                self._copy(client, kept, {id: str(uuid7()) for id in ids}, step, copy * len(ids))
            client.admin.command("fsync")
            return (self._bytes(client) - before) / (documents // len(ids) * len(ids))

    def _copy(
        self,
        client: MongoClient[Row],
        kept: dict[tuple[str, str], list[tuple[str, Row]]],
        new: dict[str, str],
        step: int,
        later: int,
    ) -> None:
        for (name, rows), templates in kept.items():
            copies = [again(id, row, new[id], rows, step, later) for id, row in templates]
            _insert(self._in(client, name, rows), copies)
            if rows == "documents":
                self._log(copies)

    def _log(self, rows: Sequence[Row]) -> None:
        """As another host's process would have written it."""
        with (self.data / "register" / "history-0.jsonl").open("ab") as file:
            file.writelines(orjson.dumps(log_line(row), option=orjson.OPT_APPEND_NEWLINE) for row in rows)

    def _bytes(self, client: MongoClient[Row]) -> float:
        sizes = [client[f"{self.prefix}_{name}"].command("dbStats") for name in SERVICES]
        return float(sum(each["dataSize"] + each["indexSize"] for each in sizes))

    def busiest(self, people: Sequence[str]) -> str:
        """Whose inbox has most."""
        with MongoClient[Row](self.mongo_url) as client:
            notices = self._in(client, "notify", "notices")
            return max(people, key=lambda person: notices.count_documents({"person_id": person}))

    def _in(self, client: MongoClient[Row], service: str, rows: str) -> Collection[Row]:
        return client[f"{self.prefix}_{service}"][rows]

    def _of(
        self, ids: Sequence[str], client: MongoClient[Row], service: str, rows: str, field: str
    ) -> Iterator[tuple[str, Row]]:
        found = list(self._in(client, service, rows).find({field: {"$in": list(ids)}}))
        assert found, f"{service} keeps nothing of a document in {rows}"
        return ((row[field], row) for row in found)


def again(id: str, row: Row, new: str, rows: str, step: int, later: int) -> Row:
    """The same row of another document: ids are of one length, so they are replaced wherever they stand."""
    copy: Row = bson.decode(bson.encode(row).replace(id.encode(), new.encode()))
    if rows in OWN_IDS:
        copy["_id"] = str(uuid.uuid4())
    if rows == "documents":
        number = row["number"] + later
        copy |= {"year": row["year"] - step, "number": number, "idempotency_key": uuid.uuid4().hex}
    return copy


def _insert(rows: Collection[Row], copies: Sequence[Row]) -> None:
    for start in range(0, len(copies), PIECE_ROWS):
        rows.insert_many(copies[start : start + PIECE_ROWS], ordered=False)
