"""What may be said of a document, and what makes no sense."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.metadata import (
    IncomingMetadata,
    InvalidMetadata,
    IssuedMetadata,
    PeriodCount,
    judge,
    kept,
    read,
)

TODAY = date(2016, 3, 1)


def fields_at_fault(model: Any, said: object) -> set[str]:
    with pytest.raises(InvalidMetadata) as caught:
        judge(read(model, said).faults(TODAY))
    return {fault.pointer for fault in caught.value.faults}


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"arrived_on": "2016-03-02"}, "/arrived_on"),
        ({"arrived_on": "2016-02-30"}, "/arrived_on"),
        ({"arrived_on": "1899-12-31"}, "/arrived_on"),
        ({"arrived_on": 1456790400}, "/arrived_on"),
        ({"document_date": "2016-02-02", "arrived_on": "2016-02-01"}, "/document_date"),
        ({"due_on": "2016-01-31", "arrived_on": "2016-02-01"}, "/due_on"),
        ({"due_on": "2036-01-31", "arrived_on": "2016-02-01"}, "/due_on"),
        ({"due_on": "2016-02-29"}, "/due_on"),
        ({"kind": "letter"}, "/kind"),
        ({"issuer_level": "alien"}, "/issuer_level"),
        ({"urgency": "now"}, "/urgency"),
        ({"secrecy": "a little"}, "/secrecy"),
        ({"restricted": "perhaps"}, "/restricted"),
        ({"subject": "x" * 2001}, "/subject"),
        ({"subject": "line\u0000"}, "/subject"),
        ({"subject": "line\nline"}, "/subject"),
        ({"subject": "right\u202eleft"}, "/subject"),
        ({"subject": "\ud800"}, "/subject"),
        ({"issuer": 7.5j}, "/issuer"),
        ({"conflicted_person_ids": ["a", ""]}, "/conflicted_person_ids/1"),
        ({"colour/~": "red"}, "/colour~1~0"),
        (["not", "an", "object"], ""),
    ],
)
def test_the_field_at_fault_is_named(said: object, field: str) -> None:
    assert field in fields_at_fault(IncomingMetadata, said)


def test_every_fault_is_told_at_once_and_none_quotes_the_value() -> None:
    with pytest.raises(InvalidMetadata) as caught:
        read(IncomingMetadata, {"kind": "CANARY", "urgency": "CANARY", "subject": "CANARY\x00"})
    assert len(caught.value.faults) == 3
    assert "CANARY" not in str(caught.value)


def test_text_is_composed_and_stripped_and_nothing_is_kept_of_nothing() -> None:
    said = read(IncomingMetadata, {"subject": "  Bo\u0302\u0323 Ta\u0300i chi\u0301nh ", "issuer": "  ", "number": 12})
    assert kept(said.model_dump(mode="json")) == {
        "issuer_level": "other",
        "kind": "other",
        "urgency": "normal",
        "subject": "Bộ Tài chính",
        "document_number": "12",
    }


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({}, "/kind"),
        ({"kind": "cong_van"}, "/drafting_unit"),
        ({"kind": "qppl"}, "/qppl_kind"),
        ({"kind": "qppl", "qppl_kind": "cong_van"}, "/qppl_kind"),
        ({"kind": "quyet_dinh", "qppl_kind": "quyet_dinh"}, "/qppl_kind"),
        ({"kind": "quyet_dinh", "document_date": "2016-03-02"}, "/document_date"),
        ({"kind": "cong_van", "drafting_unit": "../x"}, "/drafting_unit"),
        ({"kind": "quyet_dinh", "symbol": "1/QĐ"}, "/symbol"),
    ],
)
def test_an_outgoing_document_says_what_its_symbol_needs(said: object, field: str) -> None:
    assert field in fields_at_fault(IssuedMetadata, said)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"last_day": "2015-12-31"}, "/last_day"),
        ({"last_day": "2016-03-02"}, "/last_day"),
        ({"count": -1}, "/count"),
        ({"count": 1.5}, "/count"),
        ({"direction": "up"}, "/direction"),
    ],
)
def test_a_count_of_a_period_makes_sense(change: dict[str, object], field: str) -> None:
    good = {"direction": "incoming", "first_day": "2016-01-01", "last_day": "2016-01-31", "count": 40}
    judge(read(PeriodCount, good).faults(TODAY))
    assert field in fields_at_fault(PeriodCount, good | change)


@given(st.text(max_size=300))
def test_no_text_passes_that_a_database_could_not_store(text: str) -> None:
    try:
        said = read(IncomingMetadata, {"subject": text})
    except InvalidMetadata:
        return
    assert "\x00" not in (said.subject or "")
    (said.subject or "").encode()
