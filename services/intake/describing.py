"""Corrects and voids: what becomes of a document's row, and the event that says so."""

from datetime import date, datetime
from typing import Any

from services.events import Direction, DocumentEvent, DocumentStatus
from services.intake.documents import described, readership, voided
from services.intake.metadata import Correction, Fault, InvalidMetadata, is_empty, judge_dates

Row = dict[str, Any]
FIXED_WHEN_ISSUED = frozenset(
    {"issuer", "issuer_level", "kind", "document_number", "symbol", "document_date", "arrived_on", "due_on"}
)


def corrected(row: Row, said: Correction, today: date, now: datetime) -> tuple[Row, DocumentEvent]:
    """Raises InvalidMetadata where the corrected document would make no sense."""
    change = said.described()
    _check_issued(row, change)
    changed = sorted(
        name for name, value in change.items() if row.get(name) != value and not _both_empty(row, name, value)
    )
    if not changed:
        raise InvalidMetadata(Fault("", "changes nothing"))
    new = {name: value for name, value in {**row, **change}.items() if not is_empty(value)}
    if row["direction"] == Direction.INCOMING:
        judge_dates(new.get("document_date"), new["arrived_on"], new.get("due_on"), today)
    new["version"] = row["version"] + 1
    new |= readership(new)
    return new, described(new, changed, now)


def withdrawn(row: Row, reason: str, person_id: str, now: datetime) -> tuple[Row, DocumentEvent]:
    """The number stays taken."""
    new = row | {
        "status": DocumentStatus.VOIDED.value,
        "void_reason": reason,
        "voided_by": person_id,
        "version": row["version"] + 1,
    }
    return new, voided(new, now)


def _check_issued(row: Row, change: Row) -> None:
    """An outgoing document's symbol is made from its number: it is amended by another document, not rewritten."""
    if row["direction"] == Direction.OUTGOING:
        fixed = sorted(FIXED_WHEN_ISSUED.intersection(change))
        if fixed:
            raise InvalidMetadata(*(Fault(f"/{name}", "is fixed once the document is issued") for name in fixed))


def _both_empty(row: Row, name: str, value: object) -> bool:
    return is_empty(value) and is_empty(row.get(name))
