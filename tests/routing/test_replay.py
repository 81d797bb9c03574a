"""Trying a draft: past documents decided by the office as it is and by the draft."""

import json
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from services.events import Kind
from services.routing.facts import Facts
from services.routing.faults import OfficeFaulty
from services.routing.replay import Replayed, Side, Trial, person_loads, replayed, unit_loads
from services.routing.roster import OfficeView
from services.routing.rules.versions import RuleVersion
from services.routing.trying import draft_of
from tests.routing.small_office import ARRIVED, MOMENT, office, row, rules, view

PETITIONS = [(f"p{number}", Facts(kind=Kind.PETITION, arrived_on=ARRIVED)) for number in range(4)]
LETTERS = [(f"l{number}", Facts(kind=Kind.CONG_VAN, arrived_on=ARRIVED)) for number in range(3)]


def tried(draft: Any) -> tuple[Side, Side, list[Replayed], Trial]:
    now = view()
    before, after = Side(now, MOMENT.zone), Side(draft_of(json.dumps(draft).encode(), now, MOMENT.today), MOMENT.zone)
    trial = Trial()
    found = list(replayed([*PETITIONS, *LETTERS], before, after, trial))
    return before, after, found, trial


def test_the_same_table_changes_nothing() -> None:
    *_, trial = tried(rules())
    assert (trial.documents, trial.changed, trial.unmatched) == (7, [], [])


def test_another_row_shows_unit_person_and_due_date_of_each_document() -> None:
    draft = rules([row("petition", "KT", kind='"petition"', days="1"), row("default", "TH")])
    before, after, found, trial = tried(draft)
    assert (trial.units_changed, trial.dates_changed, len(trial.changed)) == (4, 4, 4)
    first = found[0]
    assert (first.old.unit_id, first.old.person_id, first.new.unit_id, first.new.person_id) == (
        "NC",
        "hoa",
        "KT",
        "minh",
    )
    assert first.old.due_on is not None
    assert first.new.due_on is not None
    assert first.new.due_on < first.old.due_on
    assert [(each.unit_id, each.before, each.after) for each in unit_loads(before, after)] == [
        ("KT", 0, 4),
        ("NC", 4, 0),
        ("TH", 3, 3),
    ]
    assert person_loads(before, after)["hoa"] == (2, 0)


def test_fairness_is_whole_where_a_units_people_have_the_same() -> None:
    before, after, *_ = tried(rules())
    assert {each.unit_id: each.fairness_before for each in unit_loads(before, after)} == {"NC": 1.0, "TH": 1.0}
    before.burden.people.update({"hoa": 8})
    assert before.burden.fairness(before.view, "NC") < 0.75


def test_another_calendar_moves_only_due_dates() -> None:
    *_, trial = tried({"days_off": ["2016-02-15", "2016-02-16"], "working_days": []})
    assert (trial.units_changed, trial.people_changed) == (0, 0)
    assert trial.dates_changed == 7


def test_a_whole_office_can_be_tried() -> None:
    *_, trial = tried(office(default_working_days=9))
    assert {each.document_id for each in trial.changed} == {each for each, _ in LETTERS}


def test_what_no_rule_matches_is_named_unless_it_is_restricted() -> None:
    never: OfficeView = replace(view(), versions=(RuleVersion(1, date(2030, 1, 1)),), matches={})
    trial = Trial()
    restricted = [("r", replace(LETTERS[0][1], restricted=True))]
    assert len(list(replayed([*LETTERS, *restricted], Side(view(), MOMENT.zone), Side(never, MOMENT.zone), trial))) == 4
    assert trial.unmatched == ["l0", "l1", "l2"]
    assert (trial.units_changed, [each.document_id for each in trial.changed]) == (4, ["l0", "l1", "l2"])


@pytest.mark.parametrize("draft", [[], {"days_of": []}, {"nodes": []}, rules([row("all", "XX")])])
def test_a_draft_that_cannot_be_is_refused(draft: Any) -> None:
    with pytest.raises(OfficeFaulty):
        draft_of(json.dumps(draft).encode(), view(), MOMENT.today)
