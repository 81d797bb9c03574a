"""Which version of the rules counts on which day, and that a decision keeps it."""

from dataclasses import replace
from datetime import date

from services.routing.decision import Nobody, decide
from services.routing.facts import facts_of
from services.routing.rules import compiled
from services.routing.rules.versions import RuleVersion, counting_from, table_on, uncovered
from services.routing.workload import LoadBook
from tests.routing.small_office import MOMENT, document, row, rules, view

JULY, AUGUST, YEAR_END = date(2026, 7, 1), date(2026, 8, 1), date(2026, 12, 31)
ALWAYS, SUMMER, LATER = RuleVersion(1), RuleVersion(2, JULY, YEAR_END), RuleVersion(3, AUGUST, AUGUST)


def test_the_newest_version_whose_dates_include_the_day_counts() -> None:
    versions = [SUMMER, LATER, ALWAYS]
    days = (date(2026, 6, 30), JULY, AUGUST, date(2026, 8, 2), date(2027, 1, 1))
    assert [table_on(versions, day) for day in days] == [ALWAYS, SUMMER, LATER, SUMMER, ALWAYS]


def test_days_without_rules_are_told() -> None:
    assert uncovered([SUMMER], date(2026, 6, 1)) == [
        (date(2026, 6, 1), date(2026, 6, 30)),
        (date(2027, 1, 1), date.max),
    ]
    assert uncovered([ALWAYS, SUMMER], date(2026, 6, 1)) == []


def test_only_versions_that_can_still_count_are_read() -> None:
    assert counting_from([ALWAYS, SUMMER, LATER], date(2026, 8, 2)) == [ALWAYS, SUMMER]
    assert counting_from([ALWAYS, replace(ALWAYS, version=4)], JULY) == [replace(ALWAYS, version=4)]


def test_a_decision_asks_the_rules_of_its_day_and_keeps_their_version() -> None:
    march = replace(SUMMER, valid_from=date(2026, 3, 2), valid_to=date(2026, 3, 2))
    matches = {1: compiled(rules()), 2: compiled(rules([row("all", "KT")]))}
    office = replace(view(), versions=(ALWAYS, march), matches=matches, rules_version=None)
    facts = facts_of(document("d"))

    def decided(day: date) -> tuple[str | None, int | None]:
        seen = office.on(day)
        decision = decide(facts, seen.match(facts), seen, LoadBook(), MOMENT)
        return decision.lead_unit_id, decision.reason.rules_version

    assert decided(date(2026, 3, 2)) == ("KT", 2)
    assert decided(date(2026, 3, 3)) == ("NC", 1)
    assert office.on(date(2026, 3, 3)) is office.on(date(2026, 3, 4))


def test_on_a_day_without_rules_a_document_waits_for_a_person() -> None:
    office = replace(view(), versions=(LATER,), matches={}).on(JULY)
    facts = facts_of(document("d"))
    decision = decide(facts, office.match(facts), office, LoadBook(), MOMENT)
    assert (decision.lead_person_id, decision.reason.nobody) == (None, Nobody.NO_RULE)
