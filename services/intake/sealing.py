"""What may be a state secret is sealed, and then erased or unsealed: what becomes of the row, and what is said. Pure.

    registered ──seal──▶ sealed ──confirm──▶ to be erased ──`vanthu erase`──▶ erased (the number stays, void)
         ▲                  └──────unseal─────────┘

No reason here is free text: it might repeat the secret.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from services.events import (
    DocumentErased,
    DocumentEvent,
    DocumentSealed,
    DocumentState,
    DocumentStatus,
    DocumentUnsealed,
)
from services.intake.documents import LEFT_OF_ERASED, SECRECY, blank, is_erased, readership, state
from services.intake.metadata import Metadata

Row = dict[str, Any]
Outcome = tuple[Row, *tuple[DocumentEvent, ...]]


class Refused(ValueError):
    """The document's state does not allow it: nothing was changed."""

    def __init__(self, code: str, detail: str, remedy: str) -> None:
        super().__init__(detail)
        self.code = code
        self.remedy = remedy


class Stale(ValueError):
    """It was decided on another version than the one that stands."""

    def __init__(self, version: int) -> None:
        super().__init__(version)
        self.version = version


class Sealing(Metadata):
    """`recognised` is for a program that reads pages. Without `expected_version` it seals whatever stands there now."""

    reason: Literal["mark_found", "reported", "recognised"]
    expected_version: int | None = Field(default=None, ge=1, strict=True)


class Confirming(Metadata):
    expected_version: int = Field(ge=1, strict=True)


class Unsealing(Metadata):
    reason: Literal["false_alarm", "sealed_by_mistake"]
    expected_version: int = Field(ge=1, strict=True)


def sealed(row: Row, said: Sealing, by: str, now: datetime) -> Outcome:
    """A document that is sealed already stays as it is."""
    _check_there(row)
    if "seal" in row:
        return (row,)
    if said.expected_version is not None:
        _check_version(row, said.expected_version)
    seal = {"reason": said.reason, "by": by, "at": now}
    new = {name: value for name, value in row.items() if name != "unsealed"}
    new = _next(new | {"seal": seal})
    return new, _event(DocumentSealed, new, now)


def confirmed(row: Row, said: Confirming, by: str, now: datetime) -> Outcome:
    """From now on `vanthu erase` destroys it. Nobody else has to hear of it yet: the version stays."""
    _check_sealed(row)
    _check_version(row, said.expected_version)
    if "confirmed_at" in row["seal"]:
        return (row,)
    return (row | {"seal": row["seal"] | {"confirmed_by": by, "confirmed_at": now}},)


def unsealed(row: Row, said: Unsealing, by: str, now: datetime) -> Outcome:
    """Readable again by whom it was; who lifted the seal, and which, stays with the row."""
    _check_there(row)
    if "seal" not in row and row.get("unsealed", {}).get("by") == by:
        return (row,)
    _check_sealed(row)
    _check_version(row, said.expected_version)
    new = {name: value for name, value in row.items() if name != "seal"}
    trace = {"reason": said.reason, "by": by, "at": now, "seal": row["seal"]}
    new = _next(new | {"unsealed": trace})
    return new, _event(DocumentUnsealed, new, now)


def erased(row: Row, now: datetime, by: str, *, by_list: bool, anew: bool = False) -> Outcome:
    """Only the number is left, and the sender's key, so that a retry makes no new document.

    `by_list`: it was confirmed and ordered once, whatever a restored row says. `anew`: readers that were restored,
    too, have to hear it again.
    """
    if is_erased(row) and not anew:
        return (row,)
    if not by_list and not is_to_be_erased(row):
        detail = f"{row['_id']} is not sealed, or no security officer has confirmed that it is a state secret."
        raise Refused(
            "not-confirmed", detail, "Seal it and let a security officer confirm it: nothing undoes an erasure."
        )
    trace = row.get("erased") or {"by": by, "at": now, "seal": row.get("seal")}
    new = blank(row) | {"version": row["version"] + 1, "erased": trace}
    return new, _event(DocumentErased, new, now)


def is_to_be_erased(row: Mapping[str, Any]) -> bool:
    return "confirmed_at" in row.get("seal", {})


def blank_line(line: Mapping[str, Any]) -> dict[str, Any]:
    """The register log's line of an erased document, from any line of it."""
    kept = {name: line[name] for name in ("id", "version", *LEFT_OF_ERASED) if name in line}
    return kept | {"status": DocumentStatus.VOIDED.value, "void_reason": SECRECY, "sha256": None}


def blank_event(event: DocumentEvent) -> DocumentEvent:
    """The same event of the same version, as if the document had never been more than its number."""
    said: DocumentState | None = getattr(event, "document", None)
    if said is None:
        return event
    names = ("document_id", "direction", "book", "year", "number", "received_at", "arrived_on")
    left = {name: getattr(said, name) for name in names} | {"arrived_on": said.received_at.date()}
    bare = DocumentState(kind="other", status="voided", void_reason=SECRECY, sealed=True, **left)
    return event.model_copy(update={"document": bare})


def _next(row: Row) -> Row:
    new = row | {"version": row["version"] + 1}
    return new | readership(new)


def _event(
    type: type[DocumentSealed] | type[DocumentUnsealed] | type[DocumentErased], row: Row, now: datetime
) -> DocumentEvent:
    return type(office=row["office"], key=row["_id"], version=row["version"], recorded_at=now, document=state(row))


def _check_there(row: Row) -> None:
    if is_erased(row):
        raise Refused("erased", "The document was destroyed; only its number is left.", "Nothing is left to do.")


def _check_sealed(row: Row) -> None:
    _check_there(row)
    if "seal" not in row:
        raise Refused("not-sealed", "The document is not sealed.", "Seal it first.")


def _check_version(row: Row, expected: int) -> None:
    if row["version"] != expected:
        raise Stale(row["version"])
