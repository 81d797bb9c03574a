"""What is judged: the senders' ledger and the evidence, looked at from all sides once."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from tests.faults.evidence import Evidence, Row
from tests.faults.ledger import History, Sender

DESCRIBED = "vanthu.document-described.v1"
VOIDED = "vanthu.document-voided.v1"
ERASED = "vanthu.document-erased.v1"
Poison = tuple[str, str]  # the service that cannot use a record, and the record's key


@dataclass(frozen=True)
class Said:
    """A row of a journal, read. `value` is the event as Kafka gets it."""

    id: str
    key: str
    type: str
    order: tuple[int, int]
    value: Mapping[str, Any]

    @property
    def version(self) -> int:
        return self.order[1]

    @property
    def state(self) -> Mapping[str, Any]:
        """What its producer says of the document after it."""
        found: Mapping[str, Any] = self.value.get("document") or self.value.get("assignment") or {}
        return found


@dataclass(frozen=True)
class Case:
    """`poison` are records that their service cannot use, on purpose; `erased` was destroyed on purpose.

    `settled`: every sender has had an answer by now, so that nothing may be unknown.
    """

    histories: Mapping[Sender, History]
    evidence: Evidence
    poison: frozenset[Poison] = frozenset()
    erased: frozenset[str] = frozenset()
    settled: bool = field(default=True, kw_only=True)

    @cached_property
    def rows_of(self) -> dict[Sender, list[Row]]:
        found: dict[Sender, list[Row]] = defaultdict(list)
        for row in self.evidence.documents:
            found[sender_of(row)].append(row)
        return found

    @cached_property
    def documents(self) -> dict[str, Row]:
        return {row["_id"]: row for row in self.evidence.documents}

    @cached_property
    def assignments(self) -> dict[str, list[Row]]:
        found: dict[str, list[Row]] = defaultdict(list)
        for row in self.evidence.assignments:
            found[row["document_id"]].append(row)
        return found

    @cached_property
    def said(self) -> dict[str, dict[str, list[Said]]]:
        """Every journal's events by topic and key, in the order in which they came to be."""
        found: dict[str, dict[str, list[Said]]] = defaultdict(lambda: defaultdict(list))
        for row in (row for rows in self.evidence.events.values() for row in rows):
            order = (row.get("epoch", 0), row["version"])
            event = Said(row["_id"], row["key"], row["type"], order, json.loads(row["value"]))
            found[row["topic"]][row["key"]].append(event)
        for keys in found.values():
            for events in keys.values():
                events.sort(key=lambda each: each.order)
        return found

    def of(self, topic: str, key: str) -> Sequence[Said]:
        return self.said.get(topic, {}).get(key, ())

    def newest(self, topic: str, key: str) -> Said | None:
        events = self.of(topic, key)
        return events[-1] if events else None

    def history_of(self, row: Row) -> History | None:
        return self.histories.get(sender_of(row))


def sender_of(row: Row) -> Sender:
    return row["device"], row.get("idempotency_key", "")
