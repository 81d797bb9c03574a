"""Batches of intake's events in any order, doubled and cut anyhow, end the same."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from services.events import Absence, AssignmentStatus, Direction
from services.routing.assignment import Kept, Told
from services.routing.roster import OfficeView, facts_of
from services.routing.settling import Change, Desks, DocumentKey, Moment, newest, settle
from services.routing.workload import Load, LoadBook, recomputed
from tests.offices import HA_TINH, NGHE_AN
from tests.routing.small_office import ARRIVED, NOW, described, document, received, view, voided

MOMENT = Moment(NOW, date(2026, 3, 2))
D = (HA_TINH, "d")


class Desk:
    """The store's part, in memory."""

    def __init__(self, office: OfficeView | None = None) -> None:
        self.view = office or view()
        self.kept: dict[DocumentKey, Kept] = {}
        self.loads: dict[str, dict[str, Load]] = {HA_TINH: {}, NGHE_AN: {}}
        self.said: list[tuple[str, int, str]] = []

    def take(self, *events: Told) -> list[Change]:
        batch = newest(events)
        books = {office: LoadBook(loads) for office, loads in self.loads.items()}
        views = {HA_TINH: self.view, NGHE_AN: self.view}
        facts = {key: facts_of(event.document) for key, event in batch.items()}
        matched = {key: self.view.match(each) for key, each in facts.items()}
        changes = settle(batch, self.kept, Desks(views, books, facts, matched, MOMENT))
        for change in changes:
            self.kept[change.after.office, change.after.document_id] = change.after
            if change.event:
                self.said.append((change.event.key, change.event.version, change.event.type))
        for office, book in books.items():
            loads = self.loads[office]
            for person, by in book.changes.items():
                known = loads.get(person, Load())
                loads[person] = Load(known.open + by.open, known.total + by.total)
        return changes

    def status(self, key: DocumentKey = D) -> AssignmentStatus:
        return self.kept[key].state.status

    def put(self, key: DocumentKey, **state: Any) -> None:
        """As if a person had acted."""
        kept = self.kept[key]
        after = kept.state.model_copy(update=state)
        self.kept[key] = kept.model_copy(update={"state": after, "version": kept.version + 1})


def test_a_new_document_is_assigned_on_the_day_it_arrived() -> None:
    desk = Desk()
    (change,) = desk.take(received("d"))
    state = change.after.state
    assert (state.status, state.lead_person_id, state.assigned_on) == (AssignmentStatus.ASSIGNED, "hoa", ARRIVED)
    assert change.event is not None
    assert change.event.version == 1
    today = desk.take(received("e", arrived_on=date(2026, 3, 2)))[0].after.state
    assert today.assigned_on == date(2026, 3, 2)


def test_each_decision_sees_the_load_that_the_one_before_made() -> None:
    desk = Desk()
    desk.take(*(received(f"d{number}") for number in range(6)))
    assert desk.loads[HA_TINH] == {"hoa": Load(3, 3), "lan": Load(3, 3)}


def test_outgoing_documents_are_nobodys() -> None:
    assert newest([received("d", direction=Direction.OUTGOING)]) == {}


def test_a_void_withdraws_and_gives_the_load_back() -> None:
    desk = Desk()
    desk.take(received("d"))
    desk.take(voided("d"))
    assert desk.status() == AssignmentStatus.WITHDRAWN
    assert desk.loads[HA_TINH] == {"hoa": Load(0, 0)}
    assert desk.kept[D].state.note == "Quét hai lần"


def test_a_void_that_comes_first_or_alone_never_leads_to_an_assignment() -> None:
    desk = Desk()
    desk.take(voided("d"))
    desk.take(received("d"))
    assert desk.status() == AssignmentStatus.WITHDRAWN
    assert [type for _, _, type in desk.said] == ["vanthu.assignment-withdrawn.v1"]


def test_received_and_voided_in_one_batch_is_never_assigned() -> None:
    desk = Desk()
    desk.take(received("d"), voided("d"))
    assert [type for _, _, type in desk.said] == ["vanthu.assignment-withdrawn.v1"]


def test_the_void_reason_of_a_restricted_document_is_not_said() -> None:
    desk = Desk()
    desk.take(received("d", restricted=True))
    desk.take(voided("d", restricted=True))
    assert desk.kept[D].state.note is None


def test_a_corrected_arrival_moves_the_deadline_and_keeps_the_lead() -> None:
    desk = Desk()
    desk.take(received("d"))
    (change,) = desk.take(described("d", arrived_on=date(2016, 2, 16)))
    assert change.after.state.due_on == date(2016, 2, 23)
    assert change.after.state.lead_person_id == "hoa"
    assert change.event is not None
    assert change.event.type == "vanthu.deadline-moved.v1"


def test_a_description_that_changes_nothing_public_says_nothing() -> None:
    desk = Desk()
    desk.take(received("d"))
    (change,) = desk.take(described("d", issuer="Công dân"))
    assert change.event is None
    assert (change.after.version, change.after.source_version) == (1, 2)
    assert desk.take(described("d", issuer="Công dân")) == []


def test_a_lead_whom_it_now_concerns_hands_it_to_the_next_candidate() -> None:
    desk = Desk()
    desk.take(received("d"))
    (change,) = desk.take(described("d", conflicted_person_ids=("hoa", "head-kt")))
    state = change.after.state
    assert (state.lead_person_id, state.status) == ("lan", AssignmentStatus.ASSIGNED)
    assert {each.unit_id: each.person_id for each in state.coordinators}["KT"] == "minh"
    assert change.event is not None
    assert change.event.type == "vanthu.document-assigned.v1"
    assert desk.loads[HA_TINH] == {"hoa": Load(0, 0), "lan": Load(1, 1)}


def test_a_lead_whom_it_now_concerns_without_a_successor_leaves_it_to_the_clerk() -> None:
    desk = Desk()
    desk.take(received("d"))
    desk.put(D, status=AssignmentStatus.ACCEPTED)
    (change,) = desk.take(described("d", conflicted_person_ids=("hoa", "lan", "head-nc")))
    assert desk.status() == AssignmentStatus.UNASSIGNED
    assert change.after.state.lead_person_id is None
    assert change.event is not None
    assert change.event.type == "vanthu.assignment-not-possible.v1"


def test_what_nobody_could_take_is_decided_again_when_it_is_described_better() -> None:
    away = (Absence(first_day=MOMENT.today, last_day=MOMENT.today),)
    desk = Desk(view(**{"hoa": away, "lan": away, "head-nc": away}))
    desk.take(received("d"))
    assert desk.status() == AssignmentStatus.UNASSIGNED
    desk.take(described("d", kind="cong_van", symbol="1/UBND-KT"))
    assert desk.kept[D].state.lead_person_id == "minh"


def test_a_person_who_returned_or_finished_it_is_not_given_it_again_by_a_description() -> None:
    for status in (AssignmentStatus.RETURNED, AssignmentStatus.COMPLETED):
        desk = Desk()
        desk.take(received("d"))
        desk.put(D, status=status)
        desk.take(described("d", subject="Khác"))
        assert desk.status() == status


def test_a_document_that_becomes_restricted_loses_its_subject_and_gets_a_deciding_leader() -> None:
    desk = Desk()
    desk.take(received("d"))
    desk.put(D, note="riêng tư")
    (change,) = desk.take(described("d", restricted=True))
    state = change.after.state
    assert (state.document.subject, state.note, state.deciding_person_id) == (None, None, "leader")


def test_whom_it_concerns_is_said_with_every_state_and_goes_with_the_newest_description() -> None:
    desk = Desk()
    desk.take(received("d", conflicted_person_ids=("hoa",)))
    assert desk.kept[D].state.conflicted_person_ids == ("hoa",)
    desk.take(described("d", conflicted_person_ids=("head-nc",)))
    assert desk.kept[D].state.conflicted_person_ids == ("head-nc",)
    desk.take(voided("d", 3, conflicted_person_ids=("head-nc", "lan")))
    assert desk.kept[D].state.conflicted_person_ids == ("head-nc", "lan")


def test_a_co_ordinator_whom_a_returned_document_now_concerns_is_replaced() -> None:
    desk = Desk()
    desk.take(received("d"))
    desk.put(D, status=AssignmentStatus.RETURNED, lead_unit_id=None, lead_person_id=None)
    desk.take(described("d", conflicted_person_ids=("head-kt",)))
    assert desk.status() == AssignmentStatus.RETURNED
    assert {each.unit_id: each.person_id for each in desk.kept[D].state.coordinators}["KT"] == "minh"


def test_two_offices_decide_apart() -> None:
    desk = Desk()
    desk.take(received("a"), received("b", office=NGHE_AN), received("c"))
    assert desk.loads == {HA_TINH: {"hoa": Load(1, 1), "lan": Load(1, 1)}, NGHE_AN: {"hoa": Load(1, 1)}}


def test_an_older_epoch_never_wins() -> None:
    desk = Desk()
    restored = received("d", version=1).model_copy(update={"epoch": 1})
    desk.take(restored)
    assert desk.take(voided("d", version=9)) == []
    assert desk.status() == AssignmentStatus.ASSIGNED


def year_of(number: int) -> list[Told]:
    """A document's life, by its number: plain, described, voided, or void from the start."""
    id = f"d{number:02d}"
    lives: list[list[Told]] = [
        [received(id)],
        [received(id), described(id, arrived_on=date(2016, 2, 16))],
        [received(id), described(id, conflicted_person_ids=("hoa",)), voided(id, 3)],
        [received(id), voided(id)],
    ]
    return lives[number % len(lives)]


EVENTS = [event for number in range(12) for event in year_of(number)]


@st.composite
def deliveries(draw: st.DrawFn) -> list[list[Told]]:
    """All events, some several times, in any order, cut into batches."""
    repeated = draw(st.lists(st.sampled_from(range(len(EVENTS))), max_size=20))
    order: Sequence[int] = draw(st.permutations([*range(len(EVENTS)), *repeated]))
    cuts = sorted(draw(st.sets(st.integers(1, len(order) - 1), max_size=6)))
    return [[EVENTS[each] for each in order[a:b]] for a, b in zip([0, *cuts], [*cuts, len(order)], strict=True)]


@settings(max_examples=40, deadline=None)
@given(deliveries())
def test_any_delivery_ends_in_the_same_states_with_the_loads_of_its_rows(batches: list[list[Told]]) -> None:
    desk = Desk()
    for batch in batches:
        desk.take(*batch)
    for number in range(12):
        expected = AssignmentStatus.WITHDRAWN if number % 4 >= 2 else AssignmentStatus.ASSIGNED
        assert desk.status((HA_TINH, f"d{number:02d}")) == expected
    states = [kept.state for kept in desk.kept.values()]
    assert recomputed(states) == {person: load for person, load in desk.loads[HA_TINH].items() if load != Load()}
    versions: dict[str, int] = {}
    for key, version, _ in desk.said:
        assert version == versions.get(key, 0) + 1
        versions[key] = version
    assert desk.take(*EVENTS) == []


def test_facts_name_the_document_in_the_reason() -> None:
    desk = Desk()
    desk.take(received("d"))
    assert desk.kept[D].facts == facts_of(document("d"))
    assert [entry.what for entry in desk.kept[D].history] == ["assigned"]
