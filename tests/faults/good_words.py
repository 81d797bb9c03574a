"""What was said in a small office in which all is well, made by hand: the senders' ledger and the journals.

Two documents came and one was issued; one arrival was refused as secret. The first is done, the second was corrected
and given on to another.
"""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.faults.evidence import Row
from tests.faults.ledger import History, Sender

NOON = datetime(2026, 5, 4, 5, 0, tzinfo=UTC)
FIRST, SECOND, ISSUED, INCIDENT = "d-first", "d-second", "d-issued", "i-secret"
LETTER = {"kind": "cong_van", "issuer": "Sở Y tế", "issuer_level": "locality", "number": "7", "subject": "V/v tiêm"}
INVITATION = {"kind": "giay_moi", "issuer": "Bộ Tài chính", "issuer_level": "ministry", "subject": "Mời họp"}
DECISION = {"kind": "quyet_dinh", "subject": "V/v giao đất", "drafting_unit": "NC"}


def ledger() -> dict[Sender, History]:
    return {
        ("scan", "1"): _history("1", "documents", LETTER | {"arrived_on": "2026-03-04"}, FIRST, 1, 10.0),
        ("scan", "2"): _history("2", "documents", INVITATION | {"arrived_on": "2026-03-05"}, SECOND, 2, 20.0),
        ("scan", "3"): _history("3", "documents", LETTER | {"secrecy": "mat"}, None, 0, 30.0),
        ("scan", "4"): _history("4", "issued", DECISION, ISSUED, 1, 40.0),
    }


def _history(key: str, door: str, metadata: dict[str, Any], id: str | None, number: int, asked: float) -> History:
    book = "incoming" if door == "documents" else "outgoing"
    answer = {"id": id, "book": book, "year": 2026, "number": number, "sha256": f"sha-{key}"}
    answer["received_at"] = (NOON + timedelta(seconds=asked)).isoformat()
    outcome, status = ("ok", 201) if id else ("refused", 422)
    lines = [{"says": "asks", "monotonic": asked}, {"says": "hears", "monotonic": asked + 1, "status": status}]
    history = History("scan", key, door, f"sha-{key}", metadata, lines=lines)
    history.outcomes.append(outcome)  # type: ignore[arg-type]
    history.answers += [answer] if id else []
    return history


def document(id: str, key: str, number: int, seconds: float, described: Row, version: int = 1) -> Row:
    direction = "outgoing" if id == ISSUED else "incoming"
    at = (NOON + timedelta(seconds=seconds)).replace(tzinfo=None)
    stored = {"sha256": f"sha-{key}", "file": {"size_bytes": 1}, "version": version, "status": "registered"}
    place = {"office": "o", "book": direction, "year": 2026, "number": number, "direction": direction}
    return {"_id": id, "device": "scan", "idempotency_key": key, "received_at": at, **place, **stored, **described}


def documents() -> list[Row]:
    letter = {name: value for name, value in LETTER.items() if name != "number"} | {"document_number": "7"}
    decision = DECISION | {"symbol": "01/QĐ-UBND", "document_date": "2026-05-04", "arrived_on": "2026-05-04"}
    return [
        document(FIRST, "1", 1, 10.0, {**letter, "arrived_on": "2026-03-04", "urgency": "normal"}),
        document(SECOND, "2", 2, 20.0, {**INVITATION, "arrived_on": "2026-04-01", "urgency": "normal"}, version=2),
        document(ISSUED, "4", 1, 40.0, {**decision, "urgency": "normal"}),
    ]


def event(service: str, topic: str, type: str, key: str, version: int, value: Row) -> tuple[str, Row]:
    row = {
        "_id": f"{key}:{version:08d}",
        "key": key,
        "version": version,
        "topic": topic,
        "type": f"vanthu.{type}.v1",
        "value": json.dumps(value),
        "headers": {"ce_id": f"{key}:{version}"},
        "sent_at": (NOON + timedelta(minutes=version)).replace(tzinfo=None),
    }
    return service, row


def state(row: Row, **other: Any) -> Row:
    """As intake says it: everything is there, also what is empty."""
    empty = dict.fromkeys(("void_reason", "document_number", "symbol", "document_date", "due_on", "issuer", "answers"))
    flags = {
        "restricted": False,
        "sealed": False,
        "own_office": False,
        "conflicted_person_ids": [],
        "issuer_level": None,
    }
    kept = {name: value for name, value in row.items() if name not in {"_id", "device", "idempotency_key"}}
    said = {**empty, **flags, **kept, "received_at": row["received_at"].replace(tzinfo=UTC).isoformat()}
    return {**said, "file": {"sha256": row["sha256"]}, **other}


def work(row: Row, person: str, status: str, **other: Any) -> Row:
    names = ("book", "year", "number", "subject", "urgency", "arrived_on")
    brief = {name: row[name] for name in names} | {"restricted": False, "sealed": False}
    unit = {"lan": "NC", "minh": "KT"}[person]
    said = {"document": brief, "status": status, "lead_unit_id": unit, "lead_person_id": person, "coordinators": []}
    return {
        **said,
        "deciding_person_id": None,
        "due_on": None,
        "completed_on": None,
        "conflicted_person_ids": [],
        **other,
    }


def events() -> dict[str, list[Row]]:
    first, second, issued = documents()
    before = {**second, "arrived_on": "2026-03-05"}
    done = {"due_on": "2026-03-10", "completed_on": "2026-03-06"}
    person = {"person_id": "officer", "roles": ["security_officer"], "disabled": False}
    notice = {"opened_at": None, "failed_at": None}
    said = [
        event("routing", "office", "person-changed", "p-officer", 1, {"person": person}),
        event("intake", "documents", "document-received", FIRST, 1, {"document": state(first)}),
        event("intake", "documents", "document-received", SECOND, 1, {"document": state(before)}),
        event("intake", "documents", "document-described", SECOND, 2, {"document": state(second), "changed": ["arrived_on"]}),
        event("intake", "documents", "document-issued", ISSUED, 1, {"document": state(issued)}),
        event("intake", "documents", "secrecy-incident-raised", INCIDENT, 1, {"device": "scan"}),
        event("routing", "assignments", "document-assigned", FIRST, 1, {"assignment": work(first, "lan", "assigned", due_on="2026-03-10")}),
        event("routing", "assignments", "document-completed", FIRST, 2, {"assignment": work(first, "lan", "completed", **done)}),
        event("routing", "assignments", "document-assigned", SECOND, 1, {"assignment": work(before, "minh", "assigned")}),
        event("routing", "assignments", "document-assigned", SECOND, 2, {"assignment": work(second, "lan", "assigned")}),
        event("notify", "notices", "notice-sent", FIRST, 1, {"notices": [notice]}),
        event("notify", "notices", "notice-sent", SECOND, 1, {"notices": [notice]}),
        event("notify", "notices", "notice-sent", SECOND, 2, {"notices": [notice, notice, notice]}),
        event("notify", "notices", "notice-sent", INCIDENT, 1, {"notices": [notice]}),
    ]  # fmt: skip
    return {
        name: [row for service, row in said if service == name] for name in ("intake", "routing", "notify", "reporting")
    }
