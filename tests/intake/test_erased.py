"""What is left of an erased document, and what a retry of its sender is told."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from services.events import DocumentDescribed, DocumentErased, DocumentReceived
from services.intake.documents import from_event, from_log, is_erased, log_line, state, with_state
from services.intake.sealing import Refused, blank_event, blank_line, erased
from tests.intake.conftest import Running
from tests.intake.scanner import pdf
from tests.test_events import EXAMPLES

NOW = datetime(2026, 1, 6, tzinfo=UTC)
SEAL = {"reason": "mark_found", "by": "clerk", "at": NOW, "confirmed_by": "security", "confirmed_at": NOW}
ROW: dict[str, Any] = {
    "_id": "01945c2e-7a10-7c3b-9d57-3f0b6a4c1e11", "office": "hatinh", "book": "incoming", "year": 2026, "number": 123,
    "direction": "incoming", "received_at": NOW, "status": "registered", "version": 2, "device": "scan-1",
    "idempotency_key": "k", "fingerprint": "f", "batch": "b", "kind": "cong_van", "arrived_on": "2026-01-06",
    "subject": "CANARY", "issuer": "CANARY", "symbol": "CANARY", "signer": "CANARY", "recipients": ["CANARY"],
    "possible_duplicate_of": "other", "sha256": "a" * 64, "file": {"size_bytes": 3, "media_type": "application/pdf"},
    "conflicted": ["hoa"], "conflicted_person_ids": ["hoa"], "readers": ["person:lan"], "seal": SEAL,
}  # fmt: skip


def of_type(type: Any) -> Any:
    return type.model_validate_json((EXAMPLES / f"{type.type}.json").read_text())


def test_only_the_number_the_senders_key_and_who_ordered_it_are_left() -> None:
    new, *events = erased(ROW, NOW, "root", by_list=False)
    (event,) = events
    kept = {"_id", "office", "book", "year", "number", "direction", "received_at", "device", "idempotency_key"}
    assert set(new) == kept | {"status", "void_reason", "version", "readers", "conflicted", "erased"}
    assert (new["status"], new["void_reason"], new["version"]) == ("voided", "secrecy", 3)
    assert (new["erased"]["by"], new["erased"]["seal"]["confirmed_by"]) == ("root", "security")
    assert isinstance(event, DocumentErased)
    assert (event.document.number, event.document.void_reason, event.document.file) == (123, "secrecy", None)
    assert "CANARY" not in str(new) + event.model_dump_json()
    assert erased(new, NOW, "root", by_list=False) == (new,)


def test_what_is_not_confirmed_is_not_erased_unless_it_once_was_ordered() -> None:
    for seal in ({}, {"seal": {"reason": "reported", "by": "x", "at": NOW}}):
        row = {name: value for name, value in ROW.items() if name != "seal"} | seal
        with pytest.raises(Refused):
            erased(row, NOW, "root", by_list=False)
        assert is_erased(erased(row, NOW, "vanthu recover", by_list=True)[0])


@pytest.mark.parametrize("type", [DocumentReceived, DocumentDescribed])
def test_a_blanked_event_says_of_its_document_what_the_erasure_says(type: Any) -> None:
    event = of_type(type)
    bare: Any = blank_event(event)
    assert (bare.key, bare.version, bare.recorded_at) == (event.key, event.version, event.recorded_at)
    assert bare.document == of_type(DocumentErased).document
    assert type.model_validate_json(bare.model_dump_json()) == bare


def test_the_register_can_be_rebuilt_from_a_blank_line() -> None:
    line = json.loads(json.dumps(blank_line({**log_line(ROW), "received_at": NOW.isoformat()})))
    row = from_log(line)
    assert is_erased(row)
    assert (row["number"], state(row).void_reason, "CANARY" in str(row)) == (123, "secrecy", False)


def test_a_restored_row_is_sealed_or_erased_again_by_its_newest_event() -> None:
    row = {name: value for name, value in ROW.items() if name != "seal"}
    again = with_state(row, state(ROW), 2)
    assert (again["readers"], again["subject"], "sealed" in again) == (["role:security_officer"], "CANARY", False)
    _, *events = erased(ROW, NOW, "root", by_list=False)
    (gone,) = events
    assert isinstance(gone, DocumentErased)
    for restored in (with_state(row, gone.document, 3), from_event(gone, gone.document)):
        assert is_erased(restored)
        assert "CANARY" not in str(restored)


async def test_a_retry_for_an_erased_document_is_told_and_makes_no_new_one(intake: Running) -> None:
    first = await intake.scanner.post({"subject": "a"}, pdf("secret"), Idempotency_Key="k")
    rows = intake.database["documents"]
    row = await rows.find_one({"_id": first.json()["id"]})
    assert row is not None
    new, *_ = erased(row, NOW, "root", by_list=True)
    await rows.replace_one({"_id": row["_id"]}, new)
    for subject in ("a", "b"):
        again = await intake.scanner.post({"subject": subject}, pdf("secret"), Idempotency_Key="k")
        assert (again.status_code, again.json()["type"]) == (410, "urn:vanthu:problem:erased")
    assert len(intake.files) == 1, "the file of the first request, which this test has left"
    assert await rows.count_documents({}) == 1
    assert await intake.scanner.number("the next") == first.json()["number"] + 1
    seen = await intake.scanner.get(f"/intake/api/v1/documents/{row['_id']}")
    assert (seen.status_code, seen.json()["status"], seen.json()["sha256"]) == (200, "voided", None)
