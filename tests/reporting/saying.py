"""Events as the other services would say them, with the little that a test cares about."""

from datetime import UTC, date, datetime
from typing import Any

from services.events import (
    AssignmentEvent,
    AssignmentState,
    AssignmentStatus,
    Direction,
    DocumentAssigned,
    DocumentBrief,
    DocumentCompleted,
    DocumentDescribed,
    DocumentEvent,
    DocumentIssued,
    DocumentReceived,
    DocumentState,
    DocumentStatus,
    DocumentVoided,
    IssuerLevel,
    Kind,
    NoticeSent,
    NoticeState,
    PeriodCounted,
    PeriodCountState,
)
from tests.offices import HA_TINH

RECORDED = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)


def document(id: str, arrived_on: date, **more: Any) -> DocumentState:
    given: dict[str, Any] = {
        "document_id": id,
        "direction": Direction.INCOMING,
        "book": "den",
        "year": 2026,
        "number": 1,
        "received_at": RECORDED,
        "status": DocumentStatus.REGISTERED,
        "issuer_level": IssuerLevel.LOCALITY,
        "kind": Kind.CONG_VAN,
        "arrived_on": arrived_on,
        "subject": f"V/v {id}",
    }
    return DocumentState(**given | more)


def received(id: str, arrived_on: date, *, office: str = HA_TINH, version: int = 1, **more: Any) -> DocumentEvent:
    return _about(DocumentReceived, id, office, version, arrived_on, more)


def issued(id: str, arrived_on: date, *, office: str = HA_TINH, version: int = 1, **more: Any) -> DocumentEvent:
    return _about(DocumentIssued, id, office, version, arrived_on, {"direction": Direction.OUTGOING} | more)


def voided(id: str, arrived_on: date, *, office: str = HA_TINH, version: int = 2, **more: Any) -> DocumentEvent:
    return _about(DocumentVoided, id, office, version, arrived_on, {"status": DocumentStatus.VOIDED} | more)


def described(id: str, arrived_on: date, *, office: str = HA_TINH, version: int = 2, **more: Any) -> DocumentEvent:
    state = document(id, arrived_on, **more)
    return DocumentDescribed(
        office=office, key=id, version=version, recorded_at=RECORDED, document=state, changed=("kind",)
    )


def _about(kind: Any, id: str, office: str, version: int, arrived_on: date, more: dict[str, Any]) -> DocumentEvent:
    state = document(id, arrived_on, **more)
    event: DocumentEvent = kind(office=office, key=id, version=version, recorded_at=RECORDED, document=state)
    return event


def assigned(
    id: str, unit: str | None, person: str | None, *, office: str = HA_TINH, version: int = 1, **more: Any
) -> AssignmentEvent:
    status = more.pop("status", AssignmentStatus.ASSIGNED if unit else AssignmentStatus.UNASSIGNED)
    brief = DocumentBrief(
        book="den", year=2026, number=1, arrived_on=date(2016, 1, 4), restricted=more.pop("restricted", False)
    )
    state = AssignmentState(
        document_id=id, status=status, document=brief, lead_unit_id=unit, lead_person_id=person, **more
    )
    kind = DocumentCompleted if status is AssignmentStatus.COMPLETED else DocumentAssigned
    return kind(office=office, key=id, version=version, recorded_at=RECORDED, assignment=state)


def completed(id: str, unit: str, person: str, on: date, *, version: int = 2, **more: Any) -> AssignmentEvent:
    return assigned(id, unit, person, version=version, status=AssignmentStatus.COMPLETED, completed_on=on, **more)


def noticed(id: str, *, office: str = HA_TINH, version: int = 1) -> NoticeSent:
    notices = tuple(
        NoticeState(notice_id=f"{id}-{index}", person_id="hoa", channel="inbox", cause="assigned", sent_at=RECORDED)
        for index in range(version)
    )
    return NoticeSent(
        office=office, key=id, version=version, recorded_at=RECORDED, notices=notices, changed=(notices[-1].notice_id,)
    )


def period_counted(
    id: str,
    direction: Direction,
    first_day: date,
    last_day: date,
    count: int,
    *,
    office: str = HA_TINH,
    version: int = 1,
) -> PeriodCounted:
    state = PeriodCountState(
        count_id=id,
        direction=direction,
        category="secret",
        first_day=first_day,
        last_day=last_day,
        count=count,
        entered_by="clerk",
    )
    return PeriodCounted(office=office, key=id, version=version, recorded_at=RECORDED, period_count=state)
