"""Every event that Vanthu's services say to one another: the whole vocabulary, and nothing else.

An event says what happened and carries the producer's whole public state of its subject afterwards.
`version` is counted from 1 per subject and producer; a reader keeps the highest and may drop the rest.
`epoch` rises with every restore from a backup. Readers ignore fields they do not know; a change that
would break a reader is a new type ending in `.v2`.
"""

from datetime import date, datetime
from enum import StrEnum
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field


class Direction(StrEnum):
    INCOMING = "incoming"
    OUTGOING = "outgoing"


class IssuerLevel(StrEnum):
    GOVERNMENT = "government"
    MINISTRY = "ministry"
    LOCALITY = "locality"
    CITIZEN = "citizen"
    OTHER = "other"


class Kind(StrEnum):
    """The 29 kinds of Decree 30/2020/NĐ-CP, then what stands outside its list."""

    NGHI_QUYET = "nghi_quyet"
    QUYET_DINH = "quyet_dinh"
    CHI_THI = "chi_thi"
    QUY_CHE = "quy_che"
    QUY_DINH = "quy_dinh"
    THONG_CAO = "thong_cao"
    THONG_BAO = "thong_bao"
    HUONG_DAN = "huong_dan"
    CHUONG_TRINH = "chuong_trinh"
    KE_HOACH = "ke_hoach"
    PHUONG_AN = "phuong_an"
    DE_AN = "de_an"
    DU_AN = "du_an"
    BAO_CAO = "bao_cao"
    BIEN_BAN = "bien_ban"
    TO_TRINH = "to_trinh"
    HOP_DONG = "hop_dong"
    CONG_VAN = "cong_van"
    CONG_DIEN = "cong_dien"
    BAN_GHI_NHO = "ban_ghi_nho"
    BAN_THOA_THUAN = "ban_thoa_thuan"
    GIAY_UY_QUYEN = "giay_uy_quyen"
    GIAY_MOI = "giay_moi"
    GIAY_GIOI_THIEU = "giay_gioi_thieu"
    GIAY_NGHI_PHEP = "giay_nghi_phep"
    PHIEU_GUI = "phieu_gui"
    PHIEU_CHUYEN = "phieu_chuyen"
    PHIEU_BAO = "phieu_bao"
    THU_CONG = "thu_cong"
    QPPL = "qppl"
    PETITION = "petition"
    ONE_STOP = "one_stop"
    SITE_PLAN = "site_plan"
    OTHER = "other"


class Urgency(StrEnum):
    NORMAL = "normal"
    URGENT = "urgent"
    VERY_URGENT = "very_urgent"
    EXPRESS = "express"


class DocumentStatus(StrEnum):
    REGISTERED = "registered"
    VOIDED = "voided"


class AssignmentStatus(StrEnum):
    UNASSIGNED = "unassigned"
    ASSIGNED = "assigned"
    ACCEPTED = "accepted"
    RETURNED = "returned"
    COMPLETED = "completed"
    WITHDRAWN = "withdrawn"


class State(BaseModel):
    """Part of what an event carries."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Event(State):
    """What every event has. `key` is its subject: the Kafka key, and with `version` its id."""

    type: ClassVar[str]
    topic: ClassVar[str]
    producer: ClassVar[str]

    office: str
    key: str
    version: int = Field(ge=1)
    epoch: int = Field(default=0, ge=0)
    recorded_at: datetime

    @property
    def event_id(self) -> str:
        """Unique among all events of its producer."""
        return f"{self.key}:{self.version}"


# --- vanthu.office: said by routing, which owns the office ---------------------------------------


class Absence(State):
    """Both days are included."""

    first_day: date
    last_day: date


class UnitState(State):
    unit_id: str
    name: str
    symbol: str | None = None
    head_person_id: str | None = None
    active: bool = True


class PersonState(State):
    person_id: str
    name: str
    unit_id: str
    roles: tuple[str, ...] = ()
    absences: tuple[Absence, ...] = ()
    disabled: bool = False
    sessions_valid_from: datetime | None = None


class CalendarState(State):
    """The office's own days, which win over the public calendar."""

    days_off: tuple[date, ...] = ()
    working_days: tuple[date, ...] = ()


class CatalogueEntry(State):
    code: str
    name: str
    level: IssuerLevel | None = None


class OfficeEvent(Event):
    topic = "office"
    producer = "routing"


class UnitChanged(OfficeEvent):
    type = "vanthu.unit-changed.v1"
    unit: UnitState


class PersonChanged(OfficeEvent):
    type = "vanthu.person-changed.v1"
    person: PersonState


class CalendarChanged(OfficeEvent):
    type = "vanthu.calendar-changed.v1"
    calendar: CalendarState


class CatalogueChanged(OfficeEvent):
    type = "vanthu.catalogue-changed.v1"
    catalogue: str
    entries: tuple[CatalogueEntry, ...]


class SigningKeyChanged(OfficeEvent):
    """`public_key` is an Ed25519 JWK in JSON; a retired key verifies nothing any more."""

    type = "vanthu.signing-key-changed.v1"
    key_id: str
    public_key: str
    retired: bool = False


# --- vanthu.documents: said by intake -------------------------------------------------------------


class FileReference(State):
    """The bytes themselves never travel: who may see them asks intake."""

    reference: str
    sha256: str
    size_bytes: int
    media_type: str


class DocumentState(State):
    """intake's public state of a document. A restricted one has neither subject nor anything of its sender here.

    `sealed`: it may be a state secret, and nobody may read it; it has no text and no file here. An erased one
    is voided with the reason `secrecy` and nothing more than its number.

    `number` is the register's, `document_number` and `symbol` are what stands on the paper.
    """

    document_id: str
    direction: Direction
    book: str
    year: int
    number: int
    received_at: datetime
    status: DocumentStatus
    void_reason: str | None = None
    issuer: str | None = None
    issuer_level: IssuerLevel | None = None
    kind: Kind
    document_number: str | None = None
    symbol: str | None = None
    document_date: date | None = None
    arrived_on: date
    due_on: date | None = None
    subject: str | None = None
    urgency: Urgency = Urgency.NORMAL
    restricted: bool = False
    sealed: bool = False
    answers: str | None = None
    conflicted_person_ids: tuple[str, ...] = ()
    own_office: bool = False
    file: FileReference | None = None
    possible_duplicate_of: str | None = None


class PeriodCountState(State):
    """A hand-entered count of secret documents, which may not be on this system. Both days are included."""

    count_id: str
    direction: Direction
    category: str
    first_day: date
    last_day: date
    count: int
    entered_by: str


class DocumentEvent(Event):
    topic = "documents"
    producer = "intake"


class DocumentReceived(DocumentEvent):
    type = "vanthu.document-received.v1"
    document: DocumentState


class DocumentDescribed(DocumentEvent):
    type = "vanthu.document-described.v1"
    document: DocumentState
    changed: tuple[str, ...]


class DocumentIssued(DocumentEvent):
    type = "vanthu.document-issued.v1"
    document: DocumentState


class DocumentVoided(DocumentEvent):
    type = "vanthu.document-voided.v1"
    document: DocumentState


class DocumentSealed(DocumentEvent):
    """Somebody recognised a state secret: whoever keeps words of it takes them away at once."""

    type = "vanthu.document-sealed.v1"
    document: DocumentState


class DocumentUnsealed(DocumentEvent):
    """It was none."""

    type = "vanthu.document-unsealed.v1"
    document: DocumentState


class DocumentErased(DocumentEvent):
    """It was one: whoever keeps anything of it but its number destroys that. There is no later event of it."""

    type = "vanthu.document-erased.v1"
    document: DocumentState


class PeriodCounted(DocumentEvent):
    type = "vanthu.period-counted.v1"
    period_count: PeriodCountState


class SecrecyIncidentRaised(DocumentEvent):
    """Somebody offered a document that claims to be a state secret. It has no content, by law."""

    type = "vanthu.secrecy-incident-raised.v1"
    device: str


# --- vanthu.assignments: said by routing ----------------------------------------------------------


class DocumentBrief(State):
    """What a notice needs of a document. Restricted or sealed: no subject."""

    book: str
    year: int
    number: int
    subject: str | None = None
    urgency: Urgency = Urgency.NORMAL
    arrived_on: date
    restricted: bool = False
    sealed: bool = False


class Coordinator(State):
    unit_id: str
    person_id: str | None = None


class AssignmentState(State):
    """routing's public state of a document. `*_on` are days of the office, `*_at` moments.

    `assigned_on` and `completed_on` follow the day on which things happened, not when they were recorded.
    `conflicted_person_ids` are people whom the document concerns: nobody may tell them of it.
    """

    document_id: str
    status: AssignmentStatus
    document: DocumentBrief
    lead_unit_id: str | None = None
    lead_person_id: str | None = None
    coordinators: tuple[Coordinator, ...] = ()
    deciding_person_id: str | None = None
    due_on: date | None = None
    rule: str | None = None
    assigned_on: date | None = None
    accepted_at: datetime | None = None
    completed_on: date | None = None
    result: str | None = None
    note: str | None = None
    conflicted_person_ids: tuple[str, ...] = ()


class AssignmentEvent(Event):
    topic = "assignments"
    producer = "routing"
    assignment: AssignmentState


class DocumentAssigned(AssignmentEvent):
    type = "vanthu.document-assigned.v1"


class AssignmentNotPossible(AssignmentEvent):
    """Nobody could be found: the document waits on the clerk's list; `assignment.note` says why."""

    type = "vanthu.assignment-not-possible.v1"


class AssignmentAccepted(AssignmentEvent):
    type = "vanthu.assignment-accepted.v1"


class AssignmentReturned(AssignmentEvent):
    type = "vanthu.assignment-returned.v1"


class AssignmentWithdrawn(AssignmentEvent):
    type = "vanthu.assignment-withdrawn.v1"


class DeadlineMoved(AssignmentEvent):
    type = "vanthu.deadline-moved.v1"


class DocumentCompleted(AssignmentEvent):
    type = "vanthu.document-completed.v1"


# --- vanthu.notices: said by notify ---------------------------------------------------------------


class NoticeState(State):
    notice_id: str
    person_id: str | None
    channel: str
    cause: str
    sent_at: datetime
    opened_at: datetime | None = None
    failed_at: datetime | None = None


class NoticeEvent(Event):
    """`notices` are those of this event, which `changed` names, and the newest others: 100 where there are more.

    A subject with more notices in all has older ones that this event does not repeat: what was said of them
    before still holds. They are in the order in which they were made.
    """

    topic = "notices"
    producer = "notify"
    notices: tuple[NoticeState, ...]
    changed: tuple[str, ...]


class NoticeSent(NoticeEvent):
    type = "vanthu.notice-sent.v1"


class NoticeOpened(NoticeEvent):
    type = "vanthu.notice-opened.v1"


class NoticeFailed(NoticeEvent):
    type = "vanthu.notice-failed.v1"


EVENTS: tuple[type[Event], ...] = (
    UnitChanged,
    PersonChanged,
    CalendarChanged,
    CatalogueChanged,
    SigningKeyChanged,
    DocumentReceived,
    DocumentDescribed,
    DocumentIssued,
    DocumentVoided,
    DocumentSealed,
    DocumentUnsealed,
    DocumentErased,
    PeriodCounted,
    SecrecyIncidentRaised,
    DocumentAssigned,
    AssignmentNotPossible,
    AssignmentAccepted,
    AssignmentReturned,
    AssignmentWithdrawn,
    DeadlineMoved,
    DocumentCompleted,
    NoticeSent,
    NoticeOpened,
    NoticeFailed,
)
TOPICS: tuple[str, ...] = ("office", "documents", "assignments", "notices")
