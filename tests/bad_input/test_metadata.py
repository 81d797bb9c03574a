"""What senders say of documents, damaged at random: accepted and then kept and told, or refused with the field."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import bson
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.chassis.envelope import MAX_EVENT_BYTES
from services.chassis.errors import Problem
from services.events import Direction, IssuerLevel, Kind, Urgency
from services.intake.documents import Arrival, StoredFile, arrived, entry, log_line
from services.intake.judging import _decoded
from services.intake.metadata import (
    MAX_METADATA_BYTES,
    Correction,
    IncomingMetadata,
    InvalidMetadata,
    IssuedMetadata,
    Metadata,
    PeriodCount,
    Voiding,
    judge,
    kept,
    read,
)
from services.intake.secrecy import is_secret
from tests.bad_input.budget import Account
from tests.bad_input.mutating import JSON_VALUES, at_each_place, damaged, leads_somewhere, without_each

pytestmark = pytest.mark.timeout(3600)
ACCOUNT = Account("metadata")
TODAY = date(2026, 3, 2)
NOW = datetime(2026, 3, 2, 3, tzinfo=UTC)
DAY = st.dates(date(2016, 1, 1), TODAY).map(date.isoformat)
WORDS = st.lists(
    st.sampled_from(
        [
            "Văn",
            "bản",
            "đơn",
            "thư",
            "khiếu",
            "nại",
            "của",
            "công",
            "dân",
            "về",
            "đất",
            "đai",
            "QĐ-UBND",
            "15/2016",
            "«Hồng",
            "Lĩnh»",
            "№",
            "7",
            "…",
            "–",
            "(bản",
            "sao)",
        ]
    ),
    min_size=1,
    max_size=12,
).map(" ".join)
# any letters and signs of any script: half of what a scanner's text recognition makes up
STRANGE = st.text(st.characters(categories=["L", "M", "N", "P", "S", "Zs"]), min_size=1, max_size=60)
TEXT = st.one_of(WORDS, STRANGE.filter(str.strip))
PEOPLE = st.lists(st.from_regex(r"[a-z][a-z0-9-]{0,20}", fullmatch=True), max_size=4)
SHARED = {
    "subject": TEXT,
    "urgency": st.sampled_from(list(Urgency)),
    "secrecy": st.sampled_from([None, "", "thường", "none"]),
    "restricted": st.booleans(),
    "answers": st.none() | TEXT,
    "conflicted_person_ids": PEOPLE,
}
PAPER = SHARED | {
    "issuer": TEXT,
    "issuer_level": st.sampled_from(list(IssuerLevel)),
    "kind": st.sampled_from(list(Kind)),
    "number": st.integers(1, 9999) | TEXT,
    "symbol": st.just("15/QĐ-UBND") | TEXT,
}
ORDINARY_KINDS = [each for each in Kind if each is not Kind.QPPL]


def _ordered(said: dict[str, Any]) -> dict[str, Any]:
    days = [name for name in ("document_date", "arrived_on", "due_on") if name in said]
    return said | dict(zip(days, sorted(said[name] for name in days), strict=True))


INCOMING = st.fixed_dictionaries({"arrived_on": DAY}, optional=PAPER | {"document_date": DAY, "due_on": DAY}).map(
    _ordered
)
ISSUED = st.fixed_dictionaries(
    {"kind": st.sampled_from(ORDINARY_KINDS), "drafting_unit": st.sampled_from(["VX", "NC", "TH1"])},
    optional=SHARED | {"document_date": DAY, "signer": TEXT, "recipients": st.lists(TEXT, max_size=5)},
)
CORRECTION = st.fixed_dictionaries({"expected_version": st.integers(1, 99)}, optional=PAPER | {"due_on": DAY})
VOIDING = st.fixed_dictionaries({"expected_version": st.integers(1, 99), "reason": TEXT})
COUNT = st.fixed_dictionaries(
    {
        "direction": st.sampled_from(list(Direction)),
        "first_day": st.just("2016-01-01"),
        "last_day": DAY,
        "count": st.integers(0, 99),
    },
    optional={"category": st.just("secret"), "expected_version": st.none() | st.integers(1, 9)},
)
MODELS: dict[type[Metadata], st.SearchStrategy[Any]] = {
    IncomingMetadata: INCOMING,
    IssuedMetadata: ISSUED,
    Correction: CORRECTION,
    Voiding: VOIDING,
    PeriodCount: COUNT,
}
MADE = st.one_of(*(st.tuples(st.just(model), said) for model, said in MODELS.items()))


def judged(model: type[Metadata], said: Any) -> Metadata | None:
    """As intake does it: from bytes, secrecy first. None for what is refused; every other outcome fails the test."""
    return judged_text(model, said if isinstance(said, bytes) else json.dumps(said).encode())


def judged_text(model: type[Metadata], text: bytes) -> Metadata | None:
    """Half surrogates and numbers without end are written as JSON allows; it is intake that reads them."""
    counted = model.__name__.encode() + text
    try:
        decoded = _decoded(text, "")
    except Problem as refused:
        ACCOUNT.count(counted, accepted=False)
        check_problem(refused)
        return None
    if is_secret(decoded):
        ACCOUNT.count(counted, accepted=False)
        return None
    try:
        metadata = read(model, decoded)
        if isinstance(metadata, IncomingMetadata | IssuedMetadata | PeriodCount):
            judge(metadata.faults(TODAY))
    except InvalidMetadata as refused:
        ACCOUNT.count(counted, accepted=False)
        check_faults(refused, decoded)
        return None
    ACCOUNT.count(counted, accepted=True)
    return metadata


def check_problem(refused: Problem) -> None:
    assert (refused.status, refused.code) in {(400, "unreadable"), (400, "repeated-name")}


def check_faults(refused: InvalidMetadata, said: Any) -> None:
    assert refused.faults
    for fault in refused.faults:
        assert fault.detail
        assert leads_somewhere(fault.pointer, said), fault.pointer


def can_be_kept_and_told(metadata: Metadata) -> None:
    """A row that MongoDB takes, a line of the register log, and an event that fits."""
    bson.encode(metadata.model_dump(mode="json", exclude={"expected_version"}))  # that is compared and not kept
    if not isinstance(metadata, IncomingMetadata | IssuedMetadata):
        return
    row = entry(_arrival(metadata), 2026, 2**31, NOW, None, "batch")
    bson.encode(row)
    line = orjson.dumps(log_line(row))
    assert b"\n" not in line
    assert len(arrived(row).model_dump_json().encode()) <= MAX_EVENT_BYTES


def _arrival(metadata: IncomingMetadata | IssuedMetadata) -> Arrival:
    incoming = isinstance(metadata, IncomingMetadata)
    description = kept(metadata.model_dump(mode="json"))
    return Arrival(
        document_id="d",
        office="hatinh",
        book="incoming" if incoming else "outgoing",
        direction=Direction.INCOMING if incoming else Direction.OUTGOING,
        device="scanner-1",
        body="UBND",
        description=description | {"arrived_on": description.get("arrived_on", TODAY.isoformat())},
        file=StoredFile("0" * 64, 1, "application/pdf"),
        fingerprint="f",
    )


FIELDS = 7  # of what is made up, as a rule


@ACCOUNT.plan(0.58, each=FIELDS)
@given(MADE)
def test_what_makes_sense_is_accepted_and_can_be_kept_and_told(made: tuple[type[Metadata], Any]) -> None:
    model, whole = made
    for said in without_each(whole):
        metadata = judged(model, said)
        if metadata is not None:
            can_be_kept_and_told(metadata)


@ACCOUNT.plan(0.06, each=3 * FIELDS)
@given(MADE, JSON_VALUES)
def test_a_name_that_stands_twice_is_refused_wherever_it_stands(made: tuple[type[Metadata], Any], value: Any) -> None:
    """A declared secrecy could hide behind the second one."""
    (model, said), mark = made, "stands-there-twice"
    for name in said:
        text = json.dumps(said | {mark: value}).replace(json.dumps(mark), json.dumps(name)).encode()
        for wrapped in (text, b'{"x": [%s]}' % text, b'[{"x": %s}]' % text):
            assert judged(model, wrapped) is None
            with pytest.raises(Problem):
                _decoded(wrapped, "")


@ACCOUNT.plan(0.02)
@given(MADE, st.data())
def test_cut_or_overwritten_bytes_are_accepted_whole_or_refused(
    made: tuple[type[Metadata], Any], data: st.DataObject
) -> None:
    model, said = made
    whole = json.dumps(said, ensure_ascii=False).encode()
    start, length = data.draw(st.integers(0, len(whole))), data.draw(st.integers(0, 40))
    metadata = judged(model, whole[:start] + data.draw(st.binary(max_size=40)) + whole[start + length :])
    if metadata is not None:
        can_be_kept_and_told(metadata)


@ACCOUNT.plan(0.20, each=FIELDS)
@given(MADE, JSON_VALUES)
def test_any_value_in_any_place_is_accepted_whole_or_refused_with_a_field_that_is_there(
    made: tuple[type[Metadata], Any], value: Any
) -> None:
    model, whole = made
    for said in at_each_place(whole, value):
        metadata = judged(model, said)
        if metadata is not None:
            can_be_kept_and_told(metadata)


@ACCOUNT.plan(0.01)
@given(MADE, st.data())
def test_what_is_damaged_is_accepted_whole_or_refused_with_a_field_that_is_there(
    made: tuple[type[Metadata], Any], data: st.DataObject
) -> None:
    model, said = made
    metadata = judged(model, data.draw(damaged(said)))
    if metadata is not None:
        can_be_kept_and_told(metadata)


@ACCOUNT.plan(0.05, each=len(MODELS))
@given(JSON_VALUES)
def test_any_json_at_all_is_judged(said: Any) -> None:
    for model in MODELS:
        metadata = judged(model, said)
        assert metadata is None or metadata.model_dump(exclude_defaults=True) == {}


MARKS = ["TUYỆT MẬT", "[Mật]", "(tối mật)", "Độ mật: Mật", "«MẬT»", "TOP SECRET", "[Tuyệt Mật]", "( tuyet mat )"]


@ACCOUNT.plan(0.1, each=FIELDS)
@given(MADE, st.sampled_from(MARKS), TEXT, TEXT, st.data())
def test_a_mark_of_secrecy_anywhere_is_refused(
    made: tuple[type[Metadata], Any], mark: str, before: str, after: str, data: st.DataObject
) -> None:
    """In any field, at any depth, as a name too, whatever stands around it."""
    _, said = made
    marked = f"{before} {mark} {after}"
    hidden = data.draw(st.sampled_from([marked, [marked], {"x": [marked]}, {marked: 1}]))
    for each in (*at_each_place(said, hidden), said | {marked: "x"}):
        text = json.dumps(each).encode()
        ACCOUNT.count(text, accepted=False)
        assert is_secret(_decoded(text, ""))


def test_the_largest_metadata_of_the_longest_letters_fits_an_event() -> None:
    """NFC makes some signs three times as long."""
    longest = {
        "subject": "\U0001d160" * 2000,
        "issuer": "\U0001d160" * 300,
        "conflicted_person_ids": ["\U0001d160" * 100] * 50,
    }
    assert len(orjson.dumps(longest)) <= MAX_METADATA_BYTES
    metadata = judged(IncomingMetadata, longest)
    assert metadata is not None
    can_be_kept_and_told(metadata)


def test_the_promised_number_of_metadata_was_judged_and_a_third_accepted(
    record_property: Callable[[str, object], None],
) -> None:
    ACCOUNT.settle(record_property)
