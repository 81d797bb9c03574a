"""Who is told of what: every kind of event after every state that it may follow."""

from dataclasses import replace
from itertools import product

import pytest

from services.events import (
    EVENTS,
    AssignmentAccepted,
    AssignmentEvent,
    AssignmentNotPossible,
    AssignmentReturned,
    AssignmentStatus,
    AssignmentWithdrawn,
    DeadlineMoved,
    DocumentAssigned,
    DocumentCompleted,
    SecrecyIncidentRaised,
)
from services.notify.audience import Directory, Heard, Telling, audience, heard, needs
from services.notify.ledger import Ledger
from services.notify.rows import ledger_of, ledger_row
from tests.notify.facts import incident, said
from tests.offices import HA_TINH, NGHE_AN

DIRECTORY = Directory(
    {
        (HA_TINH, "role:clerk"): frozenset({"clerk", "clerk-2"}),
        (HA_TINH, "role:security_officer"): frozenset({"security"}),
        (HA_TINH, "head:KT"): frozenset({"head-kt"}),
        (HA_TINH, "head:NC"): frozenset({"head-nc"}),
        (NGHE_AN, "role:clerk"): frozenset({"other-clerk"}),
    }
)
AWAITS, HELP, ELSEWHERE = Telling.AWAITS_YOU, Telling.CO_ORDINATE, Telling.WENT_ELSEWHERE
CHANGED, WITHDRAWN, RETURNED, CLERKS = Telling.CHANGED, Telling.WITHDRAWN, Telling.RETURNED, Telling.RETURNED_TO_CLERKS


def state(
    type: type[AssignmentEvent] | type[SecrecyIncidentRaised],
    lead: str | None = None,
    *coordinators: str,
    status: AssignmentStatus = AssignmentStatus.ASSIGNED,
    version: int = 1,
) -> Heard:
    return Heard(type.type, 0, version, status, lead, coordinators)


def told(now: Heard, before: Heard | None = None) -> dict[str, Telling]:
    return audience(now, before, HA_TINH, DIRECTORY)


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        (None, ("hoa",), {"hoa": AWAITS}),
        (None, ("hoa", "minh", "lan"), {"hoa": AWAITS, "minh": HELP, "lan": HELP}),
        (None, (None,), {}),
        (("hoa",), ("hoa",), {"hoa": CHANGED}),
        (("hoa",), ("lan",), {"lan": AWAITS, "hoa": ELSEWHERE}),
        (("hoa", "minh"), ("hoa", "minh", "lan"), {"hoa": CHANGED, "minh": CHANGED, "lan": HELP}),
        (("hoa", "minh"), ("lan", "minh"), {"lan": AWAITS, "minh": CHANGED, "hoa": ELSEWHERE}),
        (("hoa", "minh"), ("minh", "hoa"), {"minh": AWAITS, "hoa": HELP}),
        (("hoa", "minh"), ("minh",), {"minh": AWAITS, "hoa": ELSEWHERE}),
        (("hoa", "minh"), ("hoa",), {"hoa": CHANGED}),
    ],
)
@pytest.mark.parametrize("held", [AssignmentStatus.ASSIGNED, AssignmentStatus.ACCEPTED])
def test_an_assignment_tells_everybody_it_names_and_the_former_lead(
    before: tuple[str, ...] | None, now: tuple[str, ...], expected: dict[str, Telling], held: AssignmentStatus
) -> None:
    former = state(DocumentAssigned, *before, status=held) if before else None
    assert told(state(DocumentAssigned, *now, version=2), former) == expected


@pytest.mark.parametrize(
    "status",
    [AssignmentStatus.RETURNED, AssignmentStatus.WITHDRAWN, AssignmentStatus.UNASSIGNED, AssignmentStatus.COMPLETED],
)
def test_an_assignment_after_an_end_tells_everybody_anew_and_nobody_that_it_went(status: AssignmentStatus) -> None:
    former = state(AssignmentReturned, "hoa", "minh", status=status)
    assert told(state(DocumentAssigned, "hoa", "minh", version=2), former) == {"hoa": AWAITS, "minh": HELP}
    assert told(state(DocumentAssigned, "lan", version=2), former) == {"lan": AWAITS}


def test_a_withdrawal_tells_those_who_had_it() -> None:
    now = state(AssignmentWithdrawn, version=2, status=AssignmentStatus.WITHDRAWN)
    for status in (AssignmentStatus.ASSIGNED, AssignmentStatus.ACCEPTED, AssignmentStatus.COMPLETED):
        had = state(DocumentAssigned, "hoa", "minh", status=status)
        assert told(now, had) == {"hoa": WITHDRAWN, "minh": WITHDRAWN}


def test_a_withdrawal_of_what_nobody_has_tells_nobody() -> None:
    now = state(AssignmentWithdrawn, "hoa", version=2, status=AssignmentStatus.WITHDRAWN)
    for status in (AssignmentStatus.UNASSIGNED, AssignmentStatus.RETURNED, AssignmentStatus.WITHDRAWN):
        assert told(now, state(AssignmentReturned, "hoa", status=status)) == {}


def test_a_withdrawal_whose_past_is_unknown_tells_those_it_names() -> None:
    now = state(AssignmentWithdrawn, "hoa", "minh", status=AssignmentStatus.WITHDRAWN)
    assert told(now) == {"hoa": WITHDRAWN, "minh": WITHDRAWN}


def test_a_return_tells_those_who_had_it_and_asks_every_clerk_for_another_handler() -> None:
    now = state(AssignmentReturned, version=2, status=AssignmentStatus.RETURNED)
    assert told(now, state(DocumentAssigned, "hoa", "minh")) == {
        "hoa": RETURNED, "minh": RETURNED, "clerk": CLERKS, "clerk-2": CLERKS
    }  # fmt: skip
    assert told(now, state(DocumentAssigned, "clerk"))["clerk"] == CLERKS


def test_an_impossible_assignment_tells_every_clerk_of_its_office_only() -> None:
    now = state(AssignmentNotPossible, status=AssignmentStatus.UNASSIGNED)
    assert told(now) == dict.fromkeys(("clerk", "clerk-2"), Telling.NOT_POSSIBLE)
    assert audience(now, None, NGHE_AN, DIRECTORY) == {"other-clerk": Telling.NOT_POSSIBLE}


def test_a_secrecy_incident_tells_every_security_officer() -> None:
    assert told(state(SecrecyIncidentRaised)) == {"security": Telling.SECRECY_INCIDENT}


@pytest.mark.parametrize("type", [AssignmentAccepted, DeadlineMoved, DocumentCompleted])
def test_other_events_tell_nobody(type: type[AssignmentEvent]) -> None:
    for before in (None, state(DocumentAssigned, "lan")):
        assert told(state(type, "hoa", "minh", version=2), before) == {}


def test_every_kind_of_assignment_event_after_every_status_tells_known_things_to_known_people() -> None:
    types = [each for each in EVENTS if issubclass(each, AssignmentEvent)]
    people = {"hoa", "minh", "lan", "clerk", "clerk-2"}
    for type, status, lead in product(types, AssignmentStatus, ("hoa", "lan", None)):
        before = state(DocumentAssigned, "hoa", "minh", status=status)
        result = told(state(type, lead, "minh", version=2), before)
        assert set(result) <= people
        assert all(isinstance(each, Telling) for each in result.values())


def test_a_unit_without_a_person_stands_for_its_head() -> None:
    event = said(lead=None, coordinators=(None, "minh"))
    assert heard(event, DIRECTORY).people == {"head-nc", "head-kt", "minh"}
    assert needs(event) == {"head:NC", "head:KT"}
    assert heard(said(lead=None, office=NGHE_AN), DIRECTORY).people == frozenset()


def test_the_lead_is_no_co_ordinator_too_and_nobody_is_named_twice() -> None:
    assert heard(said(coordinators=("hoa", "minh", "minh")), DIRECTORY).coordinators == ("minh",)


def test_only_events_that_tell_a_role_need_one() -> None:
    assert needs(said()) == frozenset()
    assert needs(said(AssignmentReturned)) == needs(said(AssignmentNotPossible)) == {"role:clerk"}
    assert needs(incident()) == {"role:security_officer"}
    assert needs(said(AssignmentReturned, restricted=True)) == {"role:security_officer"}
    assert needs(said(AssignmentNotPossible), restricted=True) == {"role:security_officer"}


@pytest.mark.parametrize("type", [AssignmentReturned, AssignmentNotPossible])
def test_a_restricted_document_that_waits_is_told_to_whoever_decides_and_to_the_officers(
    type: type[AssignmentEvent],
) -> None:
    event = said(type, lead=None, restricted=True, deciding="leader")
    unassigned = replace(heard(event, DIRECTORY), lead=None)
    assert set(told(unassigned, state(DocumentAssigned, status=AssignmentStatus.UNASSIGNED))) == {"leader", "security"}
    assert set(told(replace(unassigned, deciding=None))) == {"security"}


def test_nobody_whom_a_document_concerns_is_told_of_it_whatever_they_are_there_for() -> None:
    concerned = ("head-nc", "clerk", "lan", "security")
    for type, restricted in product((each for each in EVENTS if issubclass(each, AssignmentEvent)), (True, False)):
        event = said(type, lead=None, coordinators=("lan", None), conflicted=concerned, restricted=restricted)
        for before in (None, state(DocumentAssigned, "clerk", "lan", "head-nc")):
            assert not set(told(heard(event, DIRECTORY), before)) & set(concerned)
    assert "head-nc" in told(heard(said(lead=None), DIRECTORY))


def test_what_was_heard_survives_the_way_to_the_database_and_back() -> None:
    this = heard(said(coordinators=("lan",), conflicted=("minh",), restricted=True, deciding="leader"), DIRECTORY)
    row = ledger_row(Ledger("d1", HA_TINH, heard=(this,)))
    assert ledger_of(row).heard == (this,)
    row["heard"] = [row["heard"][0][:6]]
    assert ledger_of(row).heard == (replace(this, conflicted=(), deciding=None, restricted=False),)
