"""From a document that waits for its number to its row, its event, its answer and its line in the register log."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.events import (
    AssignmentEvent,
    Direction,
    DocumentDescribed,
    DocumentEvent,
    DocumentIssued,
    DocumentReceived,
    DocumentState,
    DocumentStatus,
    DocumentVoided,
    FileReference,
    Kind,
)
from services.intake.numbering import OUTGOING_OFFICE
from services.intake.symbols import symbol_of
from services.policy import Access, reader_tokens

Row = dict[str, Any]
PRIVATE = ("subject", "issuer", "void_reason", "symbol", "document_number", "answers")
_INTERNAL = frozenset(
    {
        "_id",
        "readers",
        "conflicted",
        "fingerprint",
        "batch",
        "assignment",
        "sha256",
        "version",
        "seal",
        "unsealed",
        "erased",
    }
)
_UNLOGGED = (_INTERNAL - {"fingerprint", "version"}) | {"file"}
SECRECY = "secrecy"
"""The reason of a number whose document was destroyed as a state secret: its entry has nothing else any more."""
LEFT_OF_ERASED = (
    "_id", "office", "book", "year", "number", "direction", "received_at", "device", "idempotency_key",
)  # fmt: skip
_ANSWERED = ("book", "year", "number", "status")
_HIDDEN_FROM_STAFF = _INTERNAL | {"office", "device", "idempotency_key", "file"}
_STATE_FIELDS = frozenset(DocumentState.model_fields) - {"document_id", "file", "conflicted_person_ids"}


@dataclass(frozen=True, slots=True)
class StoredFile:
    sha256: str
    size_bytes: int
    media_type: str


@dataclass(frozen=True, slots=True)
class Arrival:
    """A judged document whose file is safe and that waits for its number.

    `description` is what the register keeps of the metadata; `body` stands in an outgoing symbol.
    """

    document_id: str
    office: str
    book: str
    direction: Direction
    device: str
    body: str
    description: Mapping[str, Any]
    file: StoredFile | None
    fingerprint: str
    idempotency_key: str | None = None
    traceparent: str | None = None

    @property
    def sender_key(self) -> tuple[str, str, str] | None:
        """What makes a retry the same request."""
        return (self.office, self.device, self.idempotency_key) if self.idempotency_key else None


def entry(arrival: Arrival, year: int, number: int, received_at: datetime, duplicate_of: str | None, batch: str) -> Row:
    """The register's row of the document: what is None or empty is left out."""
    row: Row = {
        "_id": arrival.document_id,
        "office": arrival.office,
        "book": arrival.book,
        "year": year,
        "number": number,
        "direction": arrival.direction.value,
        "received_at": received_at,
        "status": DocumentStatus.REGISTERED.value,
        "version": 1,
        "device": arrival.device,
        "fingerprint": arrival.fingerprint,
        "batch": batch,
        **arrival.description,
    }
    if arrival.idempotency_key:
        row["idempotency_key"] = arrival.idempotency_key
    if arrival.file:
        row["sha256"] = arrival.file.sha256
        row["file"] = {"size_bytes": arrival.file.size_bytes, "media_type": arrival.file.media_type}
    if duplicate_of:
        row["possible_duplicate_of"] = duplicate_of
    if arrival.direction is Direction.OUTGOING:
        row["symbol"] = _symbol(arrival, year, number)
        row["own_office"] = arrival.book == OUTGOING_OFFICE
    return row | readership(row)


def _symbol(arrival: Arrival, year: int, number: int) -> str:
    said = arrival.description
    qppl_kind = Kind(said["qppl_kind"]) if "qppl_kind" in said else None
    return symbol_of(number, year, Kind(said["kind"]), arrival.body, said.get("drafting_unit"), qppl_kind)


def readership(row: Mapping[str, Any]) -> dict[str, list[str]]:
    """Who may read it, from what it is and from whom it was assigned to."""
    conflicted = row.get("conflicted_person_ids") or ()
    assigned = row.get("assignment") or {}
    access = Access(
        restricted=bool(row.get("restricted")),
        sealed="seal" in row,
        lead_unit_id=assigned.get("lead_unit_id"),
        lead_person_id=assigned.get("lead_person_id"),
        coordinators=tuple((each[0], each[1]) for each in assigned.get("coordinators", ())),
        deciding_person_id=assigned.get("deciding_person_id"),
        conflicted_person_ids=frozenset(conflicted),
    )
    return {"readers": sorted(reader_tokens(access)), "conflicted": sorted(conflicted)}


def assigned(event: AssignmentEvent, row: Mapping[str, Any]) -> Row | None:
    """What intake keeps of the assignment, or None where it knows as much already."""
    known = row.get("assignment") or {"epoch": -1, "version": 0}
    if event.office != row["office"] or (event.epoch, event.version) <= (known["epoch"], known["version"]):
        return None
    said = event.assignment
    return {
        "epoch": event.epoch,
        "version": event.version,
        "lead_unit_id": said.lead_unit_id,
        "lead_person_id": said.lead_person_id,
        "deciding_person_id": said.deciding_person_id,
        "coordinators": [[each.unit_id, each.person_id] for each in said.coordinators],
    }


def state(row: Mapping[str, Any]) -> DocumentState:
    """What other services may know. A restricted or sealed document's texts, paper number and symbol stay here."""
    said = {name: row[name] for name in _STATE_FIELDS if row.get(name) is not None}
    sealed = "seal" in row
    if is_erased(row):
        said |= {"kind": Kind.OTHER, "arrived_on": row["received_at"].date()}
    elif sealed or row.get("restricted"):
        said = {name: value for name, value in said.items() if name not in PRIVATE}
    return DocumentState(
        document_id=row["_id"],
        conflicted_person_ids=tuple(row.get("conflicted") or ()),
        file=None if sealed else _reference(row),
        **said | {"sealed": sealed or is_erased(row)},
    )


def blank(row: Mapping[str, Any]) -> Row:
    """The row of an erased document, from any row of it."""
    kept = {name: row[name] for name in LEFT_OF_ERASED if name in row}
    return kept | {"status": DocumentStatus.VOIDED.value, "void_reason": SECRECY} | readership({})


def is_erased(row: Mapping[str, Any]) -> bool:
    """Whether the entry is of a document that was destroyed: nothing but its number is left."""
    return row.get("void_reason") == SECRECY and "fingerprint" not in row


def _reference(row: Mapping[str, Any]) -> FileReference | None:
    if "file" not in row:
        return None
    return FileReference(reference=file_address(row["_id"]), sha256=row["sha256"], **row["file"])


def address(document_id: str) -> str:
    return f"/intake/api/v1/documents/{document_id}"


def file_address(document_id: str) -> str:
    return f"{address(document_id)}/file"


def arrived(row: Row) -> DocumentEvent:
    """The first event of a document."""
    event = DocumentIssued if row["direction"] == Direction.OUTGOING else DocumentReceived
    return event(office=row["office"], key=row["_id"], version=1, recorded_at=row["received_at"], document=state(row))


def described(row: Row, changed: Sequence[str], recorded_at: datetime) -> DocumentDescribed:
    return DocumentDescribed(
        office=row["office"],
        key=row["_id"],
        version=row["version"],
        recorded_at=recorded_at,
        document=state(row),
        changed=tuple(changed),
    )


def voided(row: Row, recorded_at: datetime) -> DocumentVoided:
    return DocumentVoided(
        office=row["office"], key=row["_id"], version=row["version"], recorded_at=recorded_at, document=state(row)
    )


def answer(row: Mapping[str, Any]) -> dict[str, Any]:
    """What the sender is told; the same for the first time and for every repeat."""
    file = row.get("file") or {}
    told = {
        "id": row["_id"],
        **{name: row[name] for name in _ANSWERED},
        "received_at": row["received_at"],
        "sha256": row.get("sha256"),
        "size_bytes": file.get("size_bytes"),
        "media_type": file.get("media_type"),
        "possible_duplicate_of": row.get("possible_duplicate_of"),
    }
    return told | {"symbol": row.get("symbol")} if row["direction"] == Direction.OUTGOING else told


def bare_view(row: Mapping[str, Any]) -> dict[str, Any]:
    """For staff who may know that there is a sealed or erased document: nothing that stands in it."""
    names = ("direction", "received_at", "version", "seal", *_ANSWERED)
    reason = {"void_reason": SECRECY} if is_erased(row) else {}
    return {"id": row["_id"], **{name: row[name] for name in names if name in row}, **reason}


def full_view(row: Mapping[str, Any]) -> dict[str, Any]:
    """For staff who may read it; of a sealed or erased document no more than that it exists."""
    if "seal" in row or is_erased(row):
        return bare_view(row)
    described = {name: value for name, value in row.items() if name not in _HIDDEN_FROM_STAFF}
    return {"restricted": False, **described, **answer(row), "version": row["version"]}


def log_line(row: Mapping[str, Any]) -> dict[str, Any]:
    """Everything that rebuilding the register needs."""
    file = row.get("file") or {}
    kept = {name: value for name, value in row.items() if name not in _UNLOGGED}
    return {"id": row["_id"], **kept, "sha256": row.get("sha256"), **file}


# --- after a restore -----------------------------------------------------------------------------

RECOVERED = "recovered"  # the batch of rows that were not numbered in one


def from_log(line: Mapping[str, Any]) -> Row:
    """The register's row as it was when its line was written."""
    file = {name: line[name] for name in ("size_bytes", "media_type") if name in line}
    row = {name: value for name, value in line.items() if name not in {"id", "sha256", *file}}
    row |= {"_id": line["id"], "received_at": datetime.fromisoformat(line["received_at"]), "batch": RECOVERED}
    if is_erased(row):
        return blank(row) | {"version": line.get("version", 1)}
    if file:
        row |= {"sha256": line["sha256"], "file": file}
    return row | readership(row)


def from_event(event: DocumentEvent, state: DocumentState) -> Row:
    """The row of a document that stands in no line: what its sender alone knows is lost."""
    row: Row = {"_id": event.key, "office": event.office, "device": RECOVERED, "fingerprint": "", "batch": RECOVERED}
    row["received_at"] = state.received_at
    if state.file:
        row |= {"sha256": state.file.sha256, "file": state.file.model_dump(include={"size_bytes", "media_type"})}
    return with_state(row, state, event.version)


def completed(row: Mapping[str, Any], logged: Mapping[str, Any]) -> Row:
    """A row that was made from its event alone, with what only its line knows: the sender's key, and hidden texts."""
    if is_erased(row):
        return {**row, **{name: logged[name] for name in LEFT_OF_ERASED if name in logged}}
    hidden = frozenset(PRIVATE) if row.get("restricted") or "seal" in row else frozenset()
    told = (_STATE_FIELDS - hidden) | {"conflicted_person_ids"}
    sender = {name: logged[name] for name in ("device", "fingerprint") if name in logged}
    return {**{name: value for name, value in logged.items() if name not in told}, **row, **sender}


def sender_key_of(row: Mapping[str, Any]) -> tuple[str, str, str] | None:
    """By which a retry finds the row, where its sender gave a key."""
    return (row["office"], row["device"], row["idempotency_key"]) if "idempotency_key" in row else None


def without_sender_key(row: Mapping[str, Any]) -> Row:
    return {name: value for name, value in row.items() if name != "idempotency_key"}


def with_state(row: Mapping[str, Any], state: DocumentState, version: int) -> Row:
    """The row as an event has it. A restricted or sealed document's texts, which no event carries, stay as they are.

    Who sealed it and why is not told, either: a person judges it anew. Of an erased one only the number is left.
    """
    if state.sealed and state.void_reason == SECRECY:
        return blank(row) | {"version": version}
    wordless = state.restricted or state.sealed
    told = _STATE_FIELDS - {"received_at", "sealed"} - (frozenset(PRIVATE) if wordless else frozenset())
    said = state.model_dump(mode="json", include=set(told), exclude_none=True)
    new = {name: value for name, value in row.items() if name not in told | {"conflicted_person_ids", "seal"}}
    if state.sealed:
        new["seal"] = row.get("seal", {"reason": "restored", "by": RECOVERED, "at": state.received_at})
    new |= {name: value for name, value in said.items() if value is not False or name in row}
    if state.conflicted_person_ids:
        new["conflicted_person_ids"] = list(state.conflicted_person_ids)
    new["version"] = version
    return new | readership(new)


def arrived_again(row: Row) -> DocumentEvent:
    """The first that is heard of a document that was registered again."""
    return arrived(row).model_copy(update={"version": row["version"]})
