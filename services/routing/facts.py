"""What rules may know of a document, and what they say of it. Pure."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from services.events import DocumentState, IssuerLevel, Kind, Urgency


@dataclass(frozen=True, slots=True)
class Facts:
    """What rules may know of a document. Restricted: no subject, the rules decide by the rest.

    `symbol_suffix` is what follows the symbol's last hyphen; it often names the room that answers. Rows that were kept
    before rules could ask for the issuer, book and symbol have none of them.
    """

    kind: Kind
    arrived_on: date
    issuer_level: IssuerLevel | None = None
    symbol_suffix: str = ""
    subject: str = ""
    urgency: Urgency = Urgency.NORMAL
    due_on: date | None = None
    restricted: bool = False
    conflicted_person_ids: tuple[str, ...] = ()
    received_at: datetime | None = None
    issuer: str = ""
    book: str = ""
    symbol: str = ""


class Mode(StrEnum):
    """Whether a decision takes effect at once, waits for a leader, or is left to a person."""

    AUTOMATIC = "automatic"
    PROPOSED = "proposed"
    MANUAL = "manual"


@dataclass(frozen=True, slots=True)
class CoordinatingUnit:
    """A unit that helps. `working_days` is None where its opinion is asked for without a day."""

    unit_id: str
    working_days: int | None = None


@dataclass(frozen=True, slots=True)
class Matched:
    """A row of the rule table. `working_days` is None where the row leaves it to the office.

    `urgency` is the least that the document is to have from now on.
    """

    row_id: str
    row_index: int
    row_name: str
    lead_unit: str
    coordinating_units: tuple[CoordinatingUnit, ...] = ()
    working_days: int | None = None
    mode: Mode = Mode.AUTOMATIC
    matter: str | None = None
    instruction: str | None = None
    urgency: Urgency | None = None


Match = Callable[[Facts], Matched | None]


def facts_of(document: DocumentState) -> Facts:
    unnamed = document.restricted or document.sealed
    return Facts(
        kind=document.kind,
        issuer_level=document.issuer_level,
        symbol_suffix=symbol_suffix(document.symbol),
        subject="" if document.restricted else (document.subject or "").lower(),
        urgency=document.urgency,
        arrived_on=document.arrived_on,
        due_on=document.due_on,
        restricted=document.restricted,
        conflicted_person_ids=document.conflicted_person_ids,
        received_at=document.received_at,
        issuer="" if unnamed else (document.issuer or "").strip(),
        book="" if unnamed else document.book,
        symbol="" if unnamed else (document.symbol or "").strip().upper(),
    )


def raised(urgency: Urgency, uplift: Urgency | None) -> Urgency:
    """The higher of both."""
    order = list(Urgency)
    return urgency if uplift is None else max(urgency, uplift, key=order.index)


def symbol_suffix(symbol: str | None) -> str:
    """`123/UBND-NC` → `NC`; nothing where the symbol has no hyphen."""
    _, hyphen, last = (symbol or "").rpartition("-")
    return last.strip().upper() if hyphen else ""
