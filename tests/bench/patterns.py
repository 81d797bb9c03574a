"""What a service has written, document by document, so that a hand-written loop can write just the same."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from pymongo import IndexModel

from services.chassis.mongo import Database, Row

CHASSIS = frozenset({"copies", "dead_letters", "consumer_positions", "leases", "consumer_notes"})
JOURNAL = "events"
COUNTERS = "counters_"
DOCUMENT_FIELDS = ("document_id", "key", "_id")


@dataclass
class Patterns:
    """`rows[collection][document]`; `indexes` are those of the collections."""

    rows: dict[str, dict[str, list[Row]]] = field(default_factory=dict)
    indexes: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    @classmethod
    async def read(cls, database: Database, documents: Iterable[str]) -> "Patterns":
        """Rows of these documents in all collections; what belongs to no document is left out."""
        wanted, found = frozenset(documents), cls()
        for name in sorted(await database.list_collection_names()):
            if name in CHASSIS or name.startswith("system."):
                continue
            rows = [row async for row in database[name].find({})]
            by_document: dict[str, list[Row]] = {}
            for row in rows:
                document = next((row[each] for each in DOCUMENT_FIELDS if row.get(each) in wanted), None)
                if document is not None:
                    by_document.setdefault(document, []).append(_unsent(row) if name == JOURNAL else row)
            if by_document or name.startswith(COUNTERS):
                found.rows[name] = by_document
                found.indexes[name] = [index async for index in database[name].list_indexes()]
        return found

    async def prepare(self, database: Database) -> None:
        """The same collections, empty, with the same indexes."""
        for name, indexes in self.indexes.items():
            models = [_model(each) for each in indexes if each["name"] != "_id_"]
            await (database[name].create_indexes(models) if models else database.create_collection(name))

    def of(self, collection: str, documents: Iterable[str]) -> list[Row]:
        known = self.rows[collection]
        return [row for document in documents for row in known.get(document, ())]


def _unsent(row: Row) -> Row:
    return {name: value for name, value in row.items() if name != "sent_at"} | {"unsent": True}


def _model(index: dict[str, Any]) -> IndexModel:
    options = {
        name: index[name]
        for name in ("name", "unique", "partialFilterExpression", "expireAfterSeconds")
        if name in index
    }
    return IndexModel(list(index["key"].items()), **options)
