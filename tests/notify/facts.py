"""What routing and intake say in these tests."""

from datetime import UTC, date, datetime, timedelta

from services.events import (
    AssignmentEvent,
    AssignmentState,
    AssignmentStatus,
    Coordinator,
    DocumentAssigned,
    DocumentBrief,
    SecrecyIncidentRaised,
    Urgency,
)
from tests.offices import HA_TINH

CANARY = "Tố cáo ông Nguyễn Văn Kín"
STATUS = {
    "vanthu.document-assigned.v1": AssignmentStatus.ASSIGNED,
    "vanthu.assignment-accepted.v1": AssignmentStatus.ACCEPTED,
    "vanthu.assignment-returned.v1": AssignmentStatus.RETURNED,
    "vanthu.assignment-withdrawn.v1": AssignmentStatus.WITHDRAWN,
    "vanthu.assignment-not-possible.v1": AssignmentStatus.UNASSIGNED,
    "vanthu.document-completed.v1": AssignmentStatus.COMPLETED,
    "vanthu.deadline-moved.v1": AssignmentStatus.ASSIGNED,
}


def said(
    type: type[AssignmentEvent] = DocumentAssigned,
    document_id: str = "d1",
    version: int = 1,
    *,
    office: str = HA_TINH,
    lead: str | None = "hoa",
    coordinators: tuple[str | None, ...] = (),
    number: int = 123,
    subject: str | None = "Về việc sửa đường",
    restricted: bool = False,
    urgency: Urgency = Urgency.NORMAL,
    age: timedelta = timedelta(0),
    epoch: int = 0,
    note: str | None = None,
    conflicted: tuple[str, ...] = (),
    deciding: str | None = None,
) -> AssignmentEvent:
    brief = DocumentBrief(
        book="incoming",
        year=2026,
        number=number,
        subject=subject,
        urgency=urgency,
        arrived_on=date(2026, 2, 5),
        restricted=restricted,
    )
    state = AssignmentState(
        document_id=document_id,
        status=STATUS[type.type],
        document=brief,
        lead_unit_id="NC",
        lead_person_id=lead,
        coordinators=tuple(Coordinator(unit_id="KT", person_id=each) for each in coordinators),
        due_on=date(2026, 2, 12),
        note=note,
        conflicted_person_ids=conflicted,
        deciding_person_id=deciding,
    )
    at = datetime.now(UTC) - age
    return type(office=office, key=document_id, version=version, epoch=epoch, recorded_at=at, assignment=state)


def incident(office: str = HA_TINH, key: str = "incident-1") -> SecrecyIncidentRaised:
    return SecrecyIncidentRaised(office=office, key=key, version=1, recorded_at=datetime.now(UTC), device="scanner-1")
