"""A sealed document counts and is listed for nobody but the security officers; an erased one does not count."""

from datetime import date
from typing import Any

from services.events import DocumentErased, DocumentSealed, DocumentStatus, DocumentUnsealed, Event
from services.reporting.projecting import newest_of, project
from tests.offices import HA_TINH
from tests.reporting.saying import RECORDED, assigned, described, document, received

MONDAY = date(2016, 1, 4)
CANARY = "Chim hoàng yến"
WORDS: dict[str, Any] = {"subject": CANARY, "issuer": CANARY, "symbol": CANARY, "document_number": CANARY}


def about(type: Any, version: int, **state: Any) -> Event:
    said = document("d", MONDAY, **state)
    event: Event = type(office=HA_TINH, key="d", version=version, recorded_at=RECORDED, document=said)
    return event


SEALED = about(DocumentSealed, 2, subject=None, sealed=True)
UNSEALED = about(DocumentUnsealed, 3, **WORDS)
ERASED = about(DocumentErased, 4, subject=None, sealed=True, status=DocumentStatus.VOIDED, kind="other")


def fact_after(*batches: list[Event]) -> dict[str, Any]:
    """As the store would hold it: whole at first, then changed field by field."""
    rows: dict[str, Any] = {}
    for batch in batches:
        changes = project(newest_of(batch), rows)
        rows |= {each["_id"]: each for each in changes.new}
        for name, value in changes.changed.get("d", {}).items():
            place, _, part = name.partition(".")
            if part:
                rows["d"][place] = {**rows["d"][place], part: value}
            else:
                rows["d"][place] = value
    fact: dict[str, Any] = rows["d"]
    return fact


FIRST: list[Event] = [received("d", MONDAY, **WORDS), assigned("d", "NC", "hoa")]


def test_a_sealed_document_has_no_words_and_counts_on() -> None:
    assert CANARY in str(fact_after(FIRST))
    fact = fact_after(FIRST, [SEALED])
    assert CANARY not in str(fact)
    assert fact["readers"] == ["role:security_officer"]
    assert fact["counts"]
    assert fact["counted"] == fact_after(FIRST)["counted"]


def test_an_unsealed_one_is_as_it_was() -> None:
    before, fact = fact_after(FIRST), fact_after(FIRST, [SEALED], [UNSEALED])
    assert fact["parts"]["intake"] == before["parts"]["intake"] | {"version": 3}
    assert fact["readers"] == before["readers"]


def test_an_erased_one_does_not_count_and_old_words_that_a_rebuild_brings_change_nothing() -> None:
    fact = fact_after(FIRST, [SEALED], [ERASED], FIRST, [described("d", MONDAY, **WORDS)])
    assert CANARY not in str(fact)
    assert (fact["counts"], fact["counted"]) == (False, [])
    assert fact_after([ERASED], FIRST) == fact
