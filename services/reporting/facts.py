"""One fact per document, merged from what its producers say: pure.

A fact has one part per producer with (epoch, version); an older or equal one changes nothing, so duplicates,
reordering and replays are harmless. Everything else in the row follows from the parts. Days are ISO texts.
"""

from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from typing import Any

from services.events import (
    AssignmentEvent,
    AssignmentState,
    AssignmentStatus,
    Direction,
    DocumentState,
    DocumentStatus,
    Event,
    IssuerLevel,
    Kind,
    NoticeEvent,
    NoticeState,
)
from services.policy import Access, reader_tokens
from services.reporting.categories import category_of
from services.reporting.tally import UNASSIGNED, Countable, contributions

Part = dict[str, Any]
Fact = dict[str, Any]
NEVER = "9999-12-31"  # when open work is done: sorts after every day
ORDINARY = reader_tokens(Access())
"""Whoever has one of these reads every ordinary document."""
_HELD = frozenset({AssignmentStatus.ASSIGNED, AssignmentStatus.ACCEPTED, AssignmentStatus.COMPLETED})


def part_of(event: Event) -> tuple[str, Part] | None:
    """The producer's name and its part; None for an event that is not about a document."""
    state: DocumentState | None = getattr(event, "document", None)
    stamp = {"epoch": event.epoch, "version": event.version}
    if state is not None:
        return "intake", stamp | _intake(state)
    if isinstance(event, AssignmentEvent):
        return "routing", stamp | _routing(event.assignment)
    if isinstance(event, NoticeEvent):
        return "notify", stamp | _notify(event.notices)
    return None


def is_newer(part: Mapping[str, Any], than: Mapping[str, Any] | None) -> bool:
    return than is None or (part["epoch"], part["version"]) > (than["epoch"], than["version"])


def fact_of(office: str, document_id: str, parts: dict[str, Part]) -> Fact:
    """The whole row that follows from the parts; it counts once intake's part is there and not voided."""
    intake, routing = parts.get("intake"), parts.get("routing") or {}
    fact: Fact = {"_id": document_id, "office": office, "parts": parts, "counts": False, "counted": []}
    if intake is None:
        return fact | {"readers": [], "named": [], "conflicted": []}
    fact |= _derived(intake, routing)
    fact |= _access(intake, routing, fact.get("unit"), fact.get("person"))
    if fact["counts"]:
        fact["counted"] = list(contributions(countable(fact)))
    return fact


def countable(fact: Fact) -> Countable:
    done_on = None if fact["done_on"] == NEVER else fact["done_on"]
    return Countable(
        fact["category"], fact["arrived_on"], fact["due_on"], done_on, fact.get("unit"), fact.get("person")
    )


def _derived(intake: Part, routing: Part) -> Part:
    direction = intake["direction"]
    derived = {
        "direction": direction,
        "category": _category(direction, intake["kind"], intake["issuer_level"], intake["own_office"]),
        "arrived_on": intake["arrived_on"],
        "counts": intake["status"] == DocumentStatus.REGISTERED,
        "due_on": None,
        "done_on": NEVER,
    }
    return derived | _handling(intake, routing) if direction == Direction.INCOMING else derived


def _handling(intake: Part, routing: Part) -> Part:
    held = routing.get("status") in _HELD
    due_on = routing.get("due_on") or intake["due_on"]
    completed_on = routing.get("completed_on") if routing.get("status") == AssignmentStatus.COMPLETED else None
    done_on = max(completed_on, intake["arrived_on"]) if completed_on else NEVER
    return {
        "due_on": due_on,
        "done_on": done_on,
        "on_time": done_on <= due_on if completed_on and due_on else None,
        "unit": (held and routing.get("lead_unit_id")) or UNASSIGNED,
        "person": (held and routing.get("lead_person_id")) or UNASSIGNED,
    }


def _access(intake: Part, routing: Part, unit: str | None, person: str | None) -> Part:
    """`named` are all that a list is asked for by: one short index instead of one for each."""
    access = Access(
        restricted=intake["restricted"] or routing.get("restricted", False),
        sealed=intake.get("sealed", False),
        lead_unit_id=routing.get("lead_unit_id"),
        lead_person_id=routing.get("lead_person_id"),
        coordinators=tuple((each["unit"], each["person"]) for each in routing.get("coordinators", ())),
        deciding_person_id=routing.get("deciding_person_id"),
        conflicted_person_ids=frozenset(intake["conflicted"]),
    )
    readers = reader_tokens(access)
    named = readers - ORDINARY | tokens_of(unit, person)
    return {"readers": sorted(readers), "named": sorted(named), "conflicted": intake["conflicted"]}


@lru_cache(maxsize=1_000)
def tokens_of(unit: str | None, person: str | None) -> frozenset[str]:
    """What `named` holds for the one who leads, and the condition that finds it again."""
    return reader_tokens(Access(lead_unit_id=unit, lead_person_id=person)) - ORDINARY


@lru_cache(maxsize=1_000)
def _category(direction: str, kind: str, issuer_level: str | None, own_office: bool) -> str:
    level = IssuerLevel(issuer_level) if issuer_level else None
    return category_of(Direction(direction), Kind(kind), level, own_office=own_office)


def _intake(state: DocumentState) -> Part:
    """A restricted or sealed document leaves neither subject nor anything of its sender here, whatever it came with."""
    part = {
        "direction": state.direction.value,
        "book": state.book,
        "year": state.year,
        "number": state.number,
        "status": state.status.value,
        "kind": state.kind.value,
        "issuer_level": state.issuer_level.value if state.issuer_level else None,
        "arrived_on": state.arrived_on.isoformat(),
        "due_on": _day(state.due_on),
        "urgency": state.urgency.value,
        "restricted": state.restricted,
        "own_office": state.own_office,
        "conflicted": list(state.conflicted_person_ids),
    }
    if state.sealed:
        part["sealed"] = True
    elif not state.restricted:
        part |= {"subject": state.subject, "issuer": state.issuer, "symbol": state.symbol}
        part |= {"document_number": state.document_number, "document_date": _day(state.document_date)}
    return part


def _routing(state: AssignmentState) -> Part:
    return {
        "status": state.status.value,
        "lead_unit_id": state.lead_unit_id,
        "lead_person_id": state.lead_person_id,
        "coordinators": [{"unit": each.unit_id, "person": each.person_id} for each in state.coordinators],
        "deciding_person_id": state.deciding_person_id,
        "due_on": _day(state.due_on),
        "completed_on": _day(state.completed_on),
        "restricted": state.document.restricted,
    }


def _notify(notices: tuple[NoticeState, ...]) -> Part:
    opened = sum(each.opened_at is not None for each in notices)
    failed = sum(each.failed_at is not None for each in notices)
    return {"sent": len(notices), "opened": opened, "failed": failed}


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None
