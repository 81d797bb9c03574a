"""Assignments and notices: is every document with somebody, and does that person know?"""

from collections.abc import AsyncIterable, AsyncIterator
from typing import Any

from services.chassis.mongo import Database, Row
from services.cli.check.figures import event_of
from services.cli.check.invariant import Counted, Fault, Finding
from services.cli.check.merging import side_by_side
from services.events import AssignmentStatus, DocumentAssigned, DocumentStatus
from services.intake.store import Register
from services.notify.store import Store as NoticeStore
from services.routing.store import Store as AssignmentStore
from services.routing.workload import Load, LoadBook

HELD = {AssignmentStatus.ASSIGNED, AssignmentStatus.ACCEPTED, AssignmentStatus.COMPLETED}
ON_THE_CLERKS_LIST = {AssignmentStatus.UNASSIGNED, AssignmentStatus.RETURNED}


async def assigned(register: Register, assignments: AssignmentStore) -> AsyncIterator[Finding]:
    """Every live incoming document has a lead or stands on the clerk's list; a void one has nobody."""
    count = listed = 0
    streams: dict[str, AsyncIterable[Any]] = {
        "intake": register.incoming_by_id(),
        "routing": assignments.by_document(),
    }
    async for id, found in side_by_side(streams, lambda row: str(row["_id"])):
        document, assignment = _only(found["intake"]), _only(found["routing"])
        if fault := _fault(document, assignment):
            yield Fault(id, fault)
        count += document is not None and _is_live(document)
        listed += assignment is not None and assignment["status"] in ON_THE_CLERKS_LIST
    yield Counted(f"{count:,} live incoming, {listed:,} on the clerk's list")


def _fault(document: Row | None, assignment: Row | None) -> str:
    if document is None:
        return "assigned, but not in the register"
    live = _is_live(document)
    if assignment is None:
        return "nobody has it, and it is not on the clerk's list" if live else ""
    status = assignment["status"]
    if not live:
        return "" if status == AssignmentStatus.WITHDRAWN else f"void, and still {status}"
    if status in HELD:
        return "" if assignment["lead_person_id"] else f"{status}, but without a lead"
    return "" if status in ON_THE_CLERKS_LIST else f"live, but its assignment is {status}"


def _is_live(document: Row) -> bool:
    return bool(document["status"] == DocumentStatus.REGISTERED)


async def workloads(database: Database, assignments: AssignmentStore) -> AsyncIterator[Finding]:
    """What routing says each person has to do is what the assignments add up to."""
    kept: dict[str, dict[str, Load]] = {}
    async for row in database["loads"].find():
        kept.setdefault(row["office"], {})[row["person_id"]] = Load(row["open"], row["total"])
    offices = kept.keys() | set(await database["assignments"].distinct("office"))
    people = 0
    for office in sorted(offices):
        expected = LoadBook()
        async for state in assignments.states(office):
            expected.shift(None, state)
        known = kept.get(office, {})
        people += len(known)
        for person in sorted(known.keys() | expected.changes.keys()):
            if (has := known.get(person, Load())) != (adds := expected.of(person)):
                yield Fault(f"{office} {person}", f"{_words(has)} kept, the assignments make {_words(adds)}")
    yield Counted(f"{people:,} people")


def _words(load: Load) -> str:
    return f"{load.open:,} open of {load.total:,}"


async def told(journal: AsyncIterable[Row], notices: NoticeStore) -> AsyncIterator[Finding]:
    """Everybody named by an assignment has a notice of exactly that event."""
    count = 0
    streams: dict[str, AsyncIterable[Any]] = {"routing": journal, "notify": notices.told()}
    async for key, found in side_by_side(streams, _subject):
        people_by_cause = found["notify"][0].people_by_cause if found["notify"] else {}
        for row in found["routing"]:
            event = event_of(row)
            if not isinstance(event, DocumentAssigned):
                continue
            count += 1
            missing = _named(event) - people_by_cause.get(event.event_id, frozenset())
            if missing:
                yield Fault(key, f"not told of {event.event_id}: {', '.join(sorted(missing))}")
    async for office, token, id in notices.nobody_to_tell():
        yield Fault(id, f"nobody is told of it: no one in the office {office} is {token}")
    yield Counted(f"{count:,} assignments")


def _named(event: DocumentAssigned) -> set[str]:
    state = event.assignment
    people = {state.lead_person_id, *(each.person_id for each in state.coordinators)}
    return {person for person in people if person}


def _subject(row: Any) -> str:
    return str(row["key"] if isinstance(row, dict) else row.document_id)


def _only(rows: list[Row]) -> Row | None:
    return rows[0] if rows else None
