"""Who is away when, and who acts for them."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from services.events import Absence, AbsenceKind, Delegation, Half, PersonState
from services.routing.facts import facts_of
from services.routing.moment import Moment
from services.routing.presence import Away, away, delegates, half_looked_at
from tests.routing.small_office import MOMENT, document

DAY = date(2026, 3, 2)
LEAVE, TRAVEL = AbsenceKind.LEAVE, AbsenceKind.TRAVEL
MORNING, AFTERNOON = Half.MORNING, Half.AFTERNOON


def person(*absences: Absence, **changes: Any) -> PersonState:
    return PersonState(person_id="hoa", name="Hoa", unit_id="NC", absences=absences, **changes)


def absence(half: Half | None = None, kind: AbsenceKind = LEAVE, first: date = DAY, last: date = DAY) -> Absence:
    return Absence(first_day=first, last_day=last, half=half, kind=kind)


def test_both_days_of_an_absence_are_included_and_its_kind_is_known() -> None:
    travels = person(absence(kind=TRAVEL, first=DAY, last=date(2026, 3, 4)))
    found = [away(travels, date(2026, 3, day), None) for day in (1, 2, 4, 5)]
    assert found == [None, Away(TRAVEL), Away(TRAVEL), None]


def test_half_a_day_is_away_in_that_half_only() -> None:
    leaves = person(absence(MORNING))
    assert away(leaves, DAY, MORNING) == Away(LEAVE, MORNING)
    assert away(leaves, DAY, AFTERNOON) is None


def test_without_a_half_whoever_is_here_in_one_of_them_is_here() -> None:
    assert away(person(absence(MORNING)), DAY, None) is None
    assert away(person(absence(MORNING), absence(AFTERNOON, TRAVEL)), DAY, None) == Away(LEAVE)


@pytest.mark.parametrize(("hour", "half"), [(4, MORNING), (5, AFTERNOON)])
def test_the_half_is_that_of_the_offices_clock(hour: int, half: Half) -> None:
    moment = Moment(datetime(2026, 3, 2, hour, tzinfo=UTC), MOMENT.zone)
    assert half_looked_at(facts_of(document("d", arrived_on=DAY)), moment) is half
    assert half_looked_at(facts_of(document("d", arrived_on=date(2026, 3, 1))), moment) is None


def test_a_delegate_acts_on_the_days_of_the_delegation_and_within_its_scope() -> None:
    def acts(matter: str | None, unit: str, day: date = DAY) -> dict[str, bool]:
        said = Delegation(to_person_id="minh", first_day=DAY, last_day=DAY, matters=("dat-dai",), unit_ids=("NC",))
        return delegates(person(delegations=(said,)), day, matter, unit)

    assert acts("dat-dai", "NC") == {"minh": True}
    assert acts("y-te", "NC") == acts(None, "NC") == acts("dat-dai", "KT") == {"minh": False}
    assert acts("dat-dai", "NC", date(2026, 3, 3)) == {}


def test_of_two_delegations_to_one_person_the_wider_counts_and_nobody_acts_for_themselves() -> None:
    narrow = Delegation(to_person_id="minh", first_day=DAY, last_day=DAY, matters=("y-te",))
    wide = Delegation(to_person_id="minh", first_day=DAY, last_day=DAY)
    own = Delegation(to_person_id="hoa", first_day=DAY, last_day=DAY)
    assert delegates(person(delegations=(wide, narrow, own)), DAY, None, "NC") == {"minh": True}
