"""Of a sealed document routing keeps who has it and no word of it; of an erased one nothing but its number."""

from datetime import UTC, datetime
from typing import Any

from services.events import AssignmentStatus, DocumentErased, DocumentSealed, DocumentUnsealed
from services.routing.assignment import Answered, Entry, blank_event, event_of, readers_of
from services.routing.workload import Load
from tests.offices import HA_TINH
from tests.routing.small_office import NOW, described, document, received
from tests.routing.test_settling import D, Desk

CANARY = "Chim hoàng yến"
WORDS: dict[str, Any] = {"subject": CANARY, "issuer": CANARY, "symbol": f"1/{CANARY}"}
NO_WORDS: dict[str, Any] = {"subject": None, "issuer": None, "symbol": None, "sealed": True}


def sealed(version: int = 2) -> DocumentSealed:
    return DocumentSealed(office=HA_TINH, key="d", version=version, recorded_at=NOW, document=document("d", **NO_WORDS))


def unsealed(version: int = 3) -> DocumentUnsealed:
    return DocumentUnsealed(office=HA_TINH, key="d", version=version, recorded_at=NOW, document=document("d", **WORDS))


def erased(version: int = 3) -> DocumentErased:
    bare = document("d", **NO_WORDS, status="voided", void_reason="secrecy", kind="other")
    return DocumentErased(office=HA_TINH, key="d", version=version, recorded_at=NOW, document=bare)


def worked_on() -> Desk:
    """Assigned, given back with a reason, and asked about again."""
    desk = Desk()
    desk.take(received("d", **WORDS))
    kept = desk.kept[D]
    at = datetime(2026, 3, 2, tzinfo=UTC)
    entry = Entry(version=2, what="reassign", recorded_at=at, happened_at=at, note=CANARY)
    answered = Answered(request_id="r", by="hoa", fingerprint="f", version=2, state=kept.state)
    desk.kept[D] = kept.model_copy(update={"history": (*kept.history, entry), "answered": (answered,)})
    desk.put(D, note=CANARY, result=CANARY)
    assert CANARY in desk.kept[D].model_dump_json()
    return desk


def test_a_seal_takes_every_word_and_leaves_who_has_it_and_shows_it_to_the_security_officers_only() -> None:
    desk = worked_on()
    lead = desk.kept[D].state.lead_person_id
    (change,) = desk.take(sealed())
    assert change.event is not None
    assert CANARY not in desk.kept[D].model_dump_json() + change.event.model_dump_json()
    assert (desk.status(), desk.kept[D].state.lead_person_id) == (AssignmentStatus.ASSIGNED, lead)
    assert readers_of(desk.kept[D]) == ["role:security_officer"]


def test_what_was_sealed_before_it_was_heard_of_is_given_to_nobody_until_it_is_unsealed() -> None:
    desk = Desk()
    desk.take(received("d", **WORDS), sealed())
    assert (desk.status(), desk.kept[D].state.lead_person_id) == (AssignmentStatus.UNASSIGNED, None)
    desk.take(unsealed())
    assert desk.status() == AssignmentStatus.ASSIGNED


def test_an_unsealed_document_is_with_the_same_people_and_has_its_subject_again() -> None:
    desk = worked_on()
    before = desk.kept[D]
    desk.take(sealed())
    desk.take(unsealed())
    after = desk.kept[D]
    assert (after.state.lead_person_id, after.state.due_on) == (before.state.lead_person_id, before.state.due_on)
    assert after.state.document.subject == CANARY
    assert readers_of(after) == readers_of(before)


def test_an_erased_document_is_withdrawn_its_load_given_back_and_nothing_of_it_is_kept() -> None:
    desk = worked_on()
    desk.take(sealed())
    desk.take(erased())
    kept = desk.kept[D]
    assert desk.status() == AssignmentStatus.WITHDRAWN
    assert set(desk.loads[HA_TINH].values()) == {Load(0, 0)}
    assert (kept.reason.row_name, kept.state.rule, kept.state.lead_person_id) == (None, None, None)
    desk.take(described("d", 2, **WORDS))
    assert CANARY not in desk.kept[D].model_dump_json()


def test_a_blanked_event_reads_as_before_without_a_word() -> None:
    desk = worked_on()
    (change,) = desk.take(described("d", 2, **WORDS, arrived_on=NOW.date()))
    assert change.event is not None
    said = event_of(desk.kept[D], type(change.event), NOW)
    bare = blank_event(said)
    assert CANARY in said.model_dump_json()
    assert CANARY not in bare.model_dump_json()
    assert (bare.event_id, bare.assignment.status, bare.assignment.rule) == (said.event_id, "assigned", None)
    assert bare.assignment.lead_person_id == said.assignment.lead_person_id
