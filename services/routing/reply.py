"""An outgoing document that answers an incoming one ends its work, or it is said why not. Pure.

People write what they answer as its symbol (`15/QĐ-UBND`, `Công văn số 15/QĐ-UBND ngày 05/02/2026`) or as its number
in the book of incoming documents (`số đến 123`, `số đến 123/2026`).
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from services.events import AssignmentState, AssignmentStatus, Direction, DocumentState, DocumentStatus
from services.routing.actions import complete, reopen
from services.routing.states import OPEN

_REGISTER_NUMBER = re.compile(r"\b(?:SO DEN|SD)\s*:?\s*0*(\d{1,9})(?:\s*/\s*(\d{4}))?\b")
_SYMBOL = re.compile(r"\b0*(\d{1,9})\s*[/-]\s*((?:\d{4}\s*/\s*)?[A-Z][A-Z0-9]*(?:\s*[-/&.]\s*[A-Z0-9]+)*)")


class WhyNot(StrEnum):
    """Why a reply ends no work."""

    UNREADABLE = "nothing in it is a symbol or a number of the book of incoming documents"
    NOT_FOUND = "no document has that symbol or number"
    SEVERAL = "several open documents have that symbol"
    NOT_OPEN = "the document is not being worked on"


@dataclass(frozen=True, slots=True)
class Reply:
    """An outgoing document and what it says that it answers. `on` is its day."""

    document_id: str
    office: str
    version: tuple[int, int]
    named: str
    answers: str
    on: date
    year: int
    voided: bool = False


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of a reply: the document whose work it has ended, or why it has not."""

    reply: Reply
    closes: str | None = None
    why_not: WhyNot | None = None


def reply_of(document: DocumentState, office: str, version: tuple[int, int]) -> Reply | None:
    """None for what answers nothing."""
    if document.direction is not Direction.OUTGOING or not document.answers:
        return None
    return Reply(
        document_id=document.document_id,
        office=office,
        version=version,
        named=document.symbol or str(document.number),
        answers=document.answers,
        on=document.document_date or document.arrived_on,
        year=document.year,
        voided=document.status == DocumentStatus.VOIDED,
    )


def keys_of(symbol: str, book: str, year: int, number: int) -> list[str]:
    """What an incoming document may be named by."""
    keys = [f"{book} {number}/{year}"]
    return [*keys, *_symbols(symbol)[:1]]


def keys_named(reply: Reply, book: str) -> list[str]:
    """What the reply names, in the words of `keys_of`: a number of the book only where no symbol stands there."""
    text = _plain(reply.answers)
    numbers = [f"{book} {number}/{year or reply.year}" for number, year in _REGISTER_NUMBER.findall(text)]
    return numbers or _symbols(reply.answers)


def fate_of(reply: Reply, keys: Sequence[str], candidates: Iterable[AssignmentState]) -> Fate:
    """`candidates` are all that have one of the keys."""
    if not keys:
        return Fate(reply, why_not=WhyNot.UNREADABLE)
    found = [each for each in candidates if each.status != AssignmentStatus.WITHDRAWN]
    open = [each for each in found if each.status in OPEN and not each.document.sealed]
    if len(open) == 1:
        return Fate(reply, closes=open[0].document_id)
    if open:
        return Fate(reply, why_not=WhyNot.SEVERAL)
    return Fate(reply, why_not=WhyNot.NOT_OPEN if found else WhyNot.NOT_FOUND)


def closed(state: AssignmentState, reply: Reply) -> AssignmentState:
    """Done on the day of the reply, or on the day of the assignment where that is later."""
    on = max(reply.on, state.assigned_on or reply.on)
    outcome = complete(state, on, None, reply.named)
    assert isinstance(outcome, AssignmentState)  # it refuses nothing
    return outcome


def opened_again(state: AssignmentState, reply: Reply, reason: str) -> AssignmentState | None:
    """A voided reply answers nothing; None where the work did not end with it."""
    if state.status != AssignmentStatus.COMPLETED or state.reply != reply.named:
        return None
    outcome = reopen(state, reason)
    return outcome if isinstance(outcome, AssignmentState) else None


def _symbols(text: str) -> list[str]:
    """Each symbol, written alike whatever zeros, blanks and accents it was written with."""
    found = [f"{number}/{''.join(rest.split())}" for number, rest in _SYMBOL.findall(_plain(text))]
    return list(dict.fromkeys(found))


def _plain(text: str) -> str:
    """Capitals without accents, so that NĐ and ND, qđ and QĐ are one."""
    text = text.translate(str.maketrans("đĐ–", "dD-"))
    parts = unicodedata.normalize("NFD", text)
    return "".join(each for each in parts if not unicodedata.combining(each)).upper()
