"""What made-up input found broken, each with the input that showed it."""

import json
from datetime import date
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from services.chassis.written import WrittenDay, WrittenMoment
from services.events import Kind
from services.intake.metadata import Correction, IncomingMetadata, InvalidMetadata, Metadata, PeriodCount, read
from services.routing.bodies import AcceptBody
from services.routing.faults import OfficeFaulty
from services.routing.loading import judged
from services.routing.roster import Facts
from services.routing.rules import compiled, faults_of
from tests.routing.small_office import ROOMS, office, row, rules


@pytest.mark.parametrize(
    "said", ["0", 0, "1456790400", "2016-01-01T00:00:00", "2016-01-01\n", "２０１６-01-01", "2016-1-1"]
)
def test_a_day_is_written_in_one_form_only(said: object) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(WrittenDay).validate_python(said)
    with pytest.raises(InvalidMetadata):
        read(IncomingMetadata, {"arrived_on": said})


@pytest.mark.parametrize("said", [0, 1456790400, 1e300, "1456790400", "2016-01-01", "2016-01-01T00:00:00"])
def test_a_moment_is_written_with_its_day_and_its_zone(said: object) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(WrittenMoment).validate_python(said)


def test_days_and_moments_that_are_written_well_are_read() -> None:
    assert TypeAdapter(WrittenDay).validate_python("2016-02-29") == date(2016, 2, 29)
    assert TypeAdapter(WrittenMoment).validate_python("2016-02-29T23:59:60Z".replace(":60", ":59")).year == 2016


@pytest.mark.parametrize(
    ("model", "said", "pointer"),
    [
        (IncomingMetadata, {"restricted": "yes"}, "/restricted"),
        (IncomingMetadata, {"restricted": 1}, "/restricted"),
        (Correction, {"expected_version": "1"}, "/expected_version"),
        (Correction, {"expected_version": True}, "/expected_version"),
        (PeriodCount, {"expected_version": "1"}, "/expected_version"),
    ],
)
def test_what_the_description_calls_a_flag_or_a_number_is_one(model: type[Metadata], said: Any, pointer: str) -> None:
    with pytest.raises(InvalidMetadata) as refused:
        read(model, said)
    assert pointer in {fault.pointer for fault in refused.value.faults}


@pytest.mark.parametrize("said", ["1", True, 1.5])
def test_the_version_of_an_action_is_a_number(said: object) -> None:
    with pytest.raises(ValidationError):
        AcceptBody.model_validate({"expected_version": said})


@pytest.mark.parametrize("id", ["\x1f", "a\nb", '"', "\\", "\u2028", "📄"])
def test_a_row_is_found_however_its_id_is_written(id: str) -> None:
    match = compiled(rules([{**row("first", "NC", kind='"petition"'), "_id": id}, row("rest", "TH")]))
    found = match(Facts(kind=Kind.PETITION, arrived_on=date(2016, 3, 1)))
    assert found is not None
    assert (found.row_id, found.row_index, found.lead_unit) == (id, 0, "NC")


def test_a_condition_is_complained_of_in_one_line_without_the_engines_stack() -> None:
    table = rules([row("first", "NC", kind="contains($, "), row("rest", "TH")])
    (fault,) = faults_of(table, ROOMS)
    assert "does not compile" in fault.detail
    assert "backtrace" not in fault.detail
    assert "\n" not in fault.detail


def test_a_catalogue_with_a_name_that_is_none_is_pointed_at() -> None:
    with pytest.raises(OfficeFaulty) as refused:
        judged(json.dumps(office(catalogues={"no name": []})))
    assert [fault.pointer for fault in refused.value.faults] == ["/catalogues/no name"]
