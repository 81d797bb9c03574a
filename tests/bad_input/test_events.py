"""Kafka records of every kind: each is an event or a dead letter, and never anything else."""

import json
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.chassis.envelope import Incoming, Vocabulary
from services.chassis.errors import InvalidRecord
from services.chassis.settings import ChassisSettings
from services.events import EVENTS, Event
from tests.bad_input.budget import Account
from tests.bad_input.describing import described
from tests.bad_input.mutating import ADDED_FIELDS, JSON_VALUES, at_each_place, damaged, extended, json_values, places
from tests.chassis.test_consume import as_record, caught_up, reading, recording, send_raw
from tests.chassis.test_straight_through import unit_changed
from tests.eventually import eventually
from tests.harness import started

pytestmark = pytest.mark.timeout(3600)
ACCOUNT = Account("events")
EXAMPLES = Path(__file__).parent.parent / "examples"
GOLDEN = {event.type: json.loads((EXAMPLES / f"{event.type}.json").read_text()) for event in EVENTS}
VOCABULARY = Vocabulary(EVENTS)
Headers = list[tuple[str, bytes]]


@dataclass
class Record:
    """As a Kafka consumer hands it over."""

    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, Any]]
    topic: str = "documents"
    partition: int = 0
    offset: int = 0


def taken(record: Record) -> Event | None:
    """The event, or None for a dead letter whose cause can be told; every other outcome is a failure of the test."""
    try:
        event: Event = VOCABULARY.read(record).event
    except InvalidRecord as error:
        check_cause(str(error))
        ACCOUNT.count(_input(record), accepted=False)
        return None
    ACCOUNT.count(_input(record), accepted=True)
    return event


def _input(record: Record) -> bytes:
    return repr((record.key, record.value, record.headers)).encode()


def check_cause(cause: str) -> None:
    """It can be stored and read."""
    assert cause.encode()


def written(said: Any) -> bytes:
    """Half surrogates go out as escapes, which JSON allows."""
    return json.dumps(said).encode()


def headers_for(type: str) -> Headers:
    return [("ce_type", type.encode()), ("ce_specversion", b"1.0")]


TYPES = st.sampled_from(sorted(GOLDEN))


DESCRIBED = described(json.loads((EXAMPLES / "schema" / "events.json").read_text()), VOCABULARY.types)
PLACES = statistics.mean(len([*places(said)]) + 1 for said in GOLDEN.values())
DAMAGED = {type: damaged(said) for type, said in GOLDEN.items()}


@ACCOUNT.plan(0.1)
@given(TYPES, st.data())
def test_what_is_made_by_the_description_is_read_as_it_was_said(type: str, data: st.DataObject) -> None:
    """Known fields carry whatever the snapshot of the schema lets them carry."""
    said = data.draw(DESCRIBED[type])
    event = taken(Record(said["key"].encode("utf-8", "surrogatepass"), written(said), headers_for(type)))
    if event is not None:
        assert (event.office, event.key, event.version) == (said["office"], said["key"], said["version"])
        assert VOCABULARY.types[type].model_validate_json(event.model_dump_json()) == event


@ACCOUNT.plan(0.34, each=len(GOLDEN))
@given(ADDED_FIELDS)
def test_fields_that_no_reader_knows_are_passed_over(fields: list[tuple[int, str, Any]]) -> None:
    for type, whole in GOLDEN.items():
        said = extended(whole, fields)
        event = taken(Record(said["key"].encode(), written(said), headers_for(type)))
        assert event == VOCABULARY.types[type].model_validate(whole)


@ACCOUNT.plan(0.285, each=PLACES)
@given(TYPES, JSON_VALUES)
def test_any_value_in_any_place_of_an_example_makes_an_event_or_a_dead_letter(type: str, value: Any) -> None:
    for said in at_each_place(GOLDEN[type], value):
        _is_an_event_or_a_dead_letter(type, said)


@ACCOUNT.plan(0.03)
@given(TYPES, st.data())
def test_a_damaged_example_is_an_event_or_a_dead_letter(type: str, data: st.DataObject) -> None:
    _is_an_event_or_a_dead_letter(type, data.draw(DAMAGED[type]))


def _is_an_event_or_a_dead_letter(type: str, said: Any) -> None:
    key = said.get("key") if isinstance(said, dict) else None
    record = Record(str(key).encode("utf-8", "surrogatepass"), written(said), headers_for(type))
    event = taken(record)
    if event is not None:
        assert event.version >= 1
        assert VOCABULARY.types[type].model_validate_json(event.model_dump_json()) == event


BYTES = st.one_of(st.none(), st.binary(max_size=300), json_values().map(written))
NAMES = st.sampled_from(["ce_type", "ce_id", "CE_TYPE", "", "content-type"]) | st.text(max_size=20)
KNOWN = TYPES.map(str.encode)
UNKNOWN = st.sampled_from([b"vanthu.unit-changed.v2", b"UnitChanged", b"\xff\xfe", b"", b"\x00" * 9]) | st.binary()
HEADERS = st.lists(st.tuples(NAMES, st.one_of(KNOWN, UNKNOWN, st.none())), max_size=6)


@ACCOUNT.plan(0.03)
@given(key=BYTES, value=BYTES, headers=HEADERS)
def test_random_bytes_are_dead_letters(key: bytes | None, value: bytes | None, headers: Headers) -> None:
    assert taken(Record(key, value, headers)) is None


@ACCOUNT.plan(0.115, each=len(GOLDEN))
@given(st.floats(0, 1), st.integers(0, 40), st.binary(max_size=40))
def test_a_cut_or_overwritten_value_is_never_an_error(where: float, length: int, instead: bytes) -> None:
    for type, said in GOLDEN.items():
        whole = written(said)
        start = int(where * len(whole))
        value = whole[:start] + instead + whole[start + length :]
        taken(Record(said["key"].encode(), value, headers_for(type)))


@ACCOUNT.plan(0.1, each=len(GOLDEN))
@given(HEADERS, HEADERS)
def test_the_first_type_that_the_headers_name_counts(before: Headers, after: Headers) -> None:
    before = [each for each in before if each[0] != "ce_type"]
    for type, said in GOLDEN.items():
        headers = [*before, ("ce_type", type.encode()), *after]
        assert taken(Record(said["key"].encode(), written(said), headers)) is not None


def nested(depth: int) -> bytes:
    return b'{"unit":' * depth + b"1" + b"}" * depth


EXTREMES: dict[str, bytes] = {
    "deep objects": nested(100_000),
    "deep lists": b"[" * 1_000_000,
    "a version without end": written(GOLDEN["vanthu.unit-changed.v1"]).replace(
        b'"version": ', b'"version": ' + b"9" * 9999
    ),
    "an exponent": written({**GOLDEN["vanthu.unit-changed.v1"], "version": 1e308}),
    "infinity": written({**GOLDEN["vanthu.unit-changed.v1"], "version": float("inf")}),
    "half a surrogate": written({**GOLDEN["vanthu.unit-changed.v1"], "office": "\ud800"}),
    "a byte order mark": b"\xef\xbb\xbf" + written(GOLDEN["vanthu.unit-changed.v1"]),
    "UTF-16": json.dumps(GOLDEN["vanthu.unit-changed.v1"]).encode("utf-16"),
    "zero bytes": b"\x00" * 1000,
    "a moment before time": written({**GOLDEN["vanthu.unit-changed.v1"], "recorded_at": "0001-01-01T00:00:00+14:00"}),
    "a moment after time": written({**GOLDEN["vanthu.unit-changed.v1"], "recorded_at": 1e300}),
}


@pytest.mark.parametrize("value", EXTREMES.values(), ids=EXTREMES.keys())
def test_extremes_are_an_event_or_a_dead_letter(value: bytes) -> None:
    taken(Record(GOLDEN["vanthu.unit-changed.v1"]["key"].encode(), value, headers_for("vanthu.unit-changed.v1")))


async def test_among_poison_the_good_take_effect_and_the_poison_is_dead_letters_exactly(
    settings: ChassisSettings,
) -> None:
    seen: list[str] = []
    foundation, _ = reading(settings, recording(seen))
    named = headers_for("vanthu.unit-changed.v1")
    key = GOLDEN["vanthu.unit-changed.v1"]["key"].encode()
    poison = [(key, value, named) for value in EXTREMES.values() if unreadable(key, value, named)]
    units = [f"U{number}" for number in range(len(poison))]
    records = [pair for unit, bad in zip(units, poison, strict=True) for pair in (bad, as_record(unit_changed(unit)))]
    await send_raw(settings, *records)
    async with started(foundation):
        await eventually(lambda: caught_up(settings))
        letters = await foundation.dead_letters.waiting()
    assert sorted(seen) == sorted(f"stp:unit:{unit}:1" for unit in units)
    assert sorted(bytes(letter["value"]) for letter in letters) == sorted(value for _, value, _ in poison)


def unreadable(key: bytes, value: bytes, headers: Headers) -> bool:
    return len(value) < 500_000 and taken(Record(key, value, headers)) is None


async def test_an_event_that_no_database_takes_costs_only_itself(settings: ChassisSettings) -> None:
    """A number beyond 64 bits decodes: it fails where it is stored, and becomes a dead letter there."""
    stored: list[str] = []

    async def store(batch: Sequence[Incoming]) -> None:
        rows = [{"_id": each.event.event_id, "version": each.event.version} for each in batch]
        await foundation.database["kept"].insert_many(rows)
        stored.extend(row["_id"] for row in rows)

    foundation, _ = reading(settings, store)
    huge = unit_changed("HUGE").model_copy(update={"version": 2**70})
    await send_raw(settings, as_record(unit_changed("A")), as_record(huge), as_record(unit_changed("B")))
    async with started(foundation):
        await eventually(lambda: caught_up(settings))
        letters = await foundation.dead_letters.waiting()
    assert len(letters) == 1
    assert {"stp:unit:A:1", "stp:unit:B:1"} == set(stored)


def test_the_promised_number_of_records_was_read_and_a_third_accepted(
    record_property: Callable[[str, object], None],
) -> None:
    ACCOUNT.settle(record_property)
