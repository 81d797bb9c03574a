"""Notices are the same whatever happens to the events on their way: repeats, shuffles, cuts."""

from collections.abc import Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from services.events import (
    AssignmentAccepted,
    AssignmentEvent,
    AssignmentNotPossible,
    AssignmentReturned,
    AssignmentWithdrawn,
    DocumentAssigned,
)
from services.notify.audience import Directory
from services.notify.ledger import Ledger, Notice, opened
from services.notify.telling import tell
from services.notify.wording import body, title
from tests.notify.facts import CANARY, said
from tests.offices import HA_TINH

NOW = datetime(2026, 2, 5, tzinfo=UTC)
DIRECTORY = Directory(
    {
        (HA_TINH, "role:clerk"): frozenset({"clerk"}),
        (HA_TINH, "role:security_officer"): frozenset({"security"}),
    }
)
TYPES = (DocumentAssigned, AssignmentAccepted, AssignmentReturned, AssignmentWithdrawn, AssignmentNotPossible)


@st.composite
def stories(draw: st.DrawFn) -> list[AssignmentEvent]:
    """What happens to one or two documents, each version once and in order."""
    people = st.sampled_from(["hoa", "lan", "minh"])
    return [
        said(draw(st.sampled_from(TYPES)), document_id, version, lead=draw(people), coordinators=(draw(people),))
        for document_id in ("d1", "d2")
        for version in range(1, draw(st.integers(1, 6)))
    ]


class Teller:
    """Keeps what `tell` gives out, as the store does."""

    def __init__(self) -> None:
        self.ledgers: dict[str, Ledger] = {}
        self.notices: list[Notice] = []
        self.versions: dict[str, list[int]] = {}
        self.carried: list[int] = []

    def hear(self, events: Sequence[AssignmentEvent]) -> None:
        told = tell(self.ledgers, events, DIRECTORY, NOW)
        self.ledgers |= told.ledgers
        self.notices += told.notices
        for each in told.events:
            self.carried.append(len(each.notices))
            self.versions.setdefault(each.key, []).append(each.version)
            assert set(each.changed) <= {notice.notice_id for notice in each.notices}

    @property
    def said(self) -> set[tuple[str, str, str]]:
        return {(each.cause, each.person_id, each.telling) for each in self.notices}

    @property
    def keys(self) -> list[tuple[str, str]]:
        return [(each.cause, each.person_id) for each in self.notices]


@given(stories(), st.data())
def test_in_order_cut_anywhere_and_repeated_gives_the_same_notices(
    story: list[AssignmentEvent], data: st.DataObject
) -> None:
    whole, cut = Teller(), Teller()
    whole.hear(story)
    at = data.draw(st.integers(0, len(story)))
    cut.hear(story[:at])
    cut.hear(story[:at])
    cut.hear(story)
    assert cut.said == whole.said
    assert len(cut.keys) == len(set(cut.keys))


@given(stories(), st.data())
def test_a_shuffled_batch_tells_the_same(story: list[AssignmentEvent], data: st.DataObject) -> None:
    ordered, shuffled = Teller(), Teller()
    ordered.hear(story)
    shuffled.hear(data.draw(st.permutations([*story, *story])))
    assert shuffled.said == ordered.said


@given(stories(), st.data())
def test_out_of_order_nobody_is_left_out_or_told_twice(story: list[AssignmentEvent], data: st.DataObject) -> None:
    ordered, late = Teller(), Teller()
    ordered.hear(story)
    for event in data.draw(st.permutations([*story, *story])):
        late.hear([event])
    assert set(ordered.keys) <= set(late.keys)
    assert len(late.keys) == len(set(late.keys))


@given(stories(), st.data())
def test_our_own_versions_count_up_without_a_gap(story: list[AssignmentEvent], data: st.DataObject) -> None:
    teller = Teller()
    for event in data.draw(st.permutations(story)):
        teller.hear([event])
    assert all(versions == list(range(1, len(versions) + 1)) for versions in teller.versions.values())


def test_an_event_of_a_later_epoch_is_another_event() -> None:
    teller = Teller()
    teller.hear([said()])
    teller.hear([said(epoch=1, lead="lan")])
    assert {(each.person_id, each.telling) for each in teller.notices} == {
        ("hoa", "awaits_you"), ("lan", "awaits_you"), ("hoa", "went_elsewhere")
    }  # fmt: skip
    assert len({each.id for each in teller.notices}) == 3


def test_one_event_of_ours_names_all_notices_of_a_cause() -> None:
    told = tell({}, [said(coordinators=("minh", "lan"))], DIRECTORY, NOW)
    assert [(each.version, len(each.changed), len(each.notices)) for each in told.events] == [(1, 3, 3)]


def test_a_restricted_document_is_only_numbered() -> None:
    told = tell({}, [said(restricted=True, subject=CANARY, note=CANARY)], DIRECTORY, NOW)
    notice = told.notices[0]
    assert CANARY not in repr((told.notices, told.ledgers, told.events))
    assert title(notice.telling, notice.about).en == "Document 2026/00123 awaits you"


def test_a_document_that_turns_restricted_within_a_batch_has_no_subject_left() -> None:
    story = [said(subject=CANARY), said(AssignmentAccepted, version=2, restricted=True, subject=CANARY)]
    told = tell({}, story, DIRECTORY, NOW)
    assert told.hidden == {"d1"}
    assert CANARY not in repr(told.ledgers)


def test_the_reason_of_an_impossible_assignment_is_said_to_the_clerk() -> None:
    told = tell({}, [said(AssignmentNotPossible, note="nobody is present")], DIRECTORY, NOW)
    words = body(told.notices[0].telling, told.notices[0].about, NOW, ZoneInfo("Asia/Ho_Chi_Minh"))
    assert words.en == "Về việc sửa đường. Reason: nobody is present"


def test_an_event_carries_the_newest_hundred_notices_and_always_those_it_is_about() -> None:
    teller = Teller()
    for version in range(1, 151):
        teller.hear([said(version=version, lead=("hoa", "lan")[version % 2], subject=None)])
    ledger = teller.ledgers["d1"]
    ids = [each.notice_id for each in ledger.notices]
    assert len(ids) == len(set(ids)) == len(teller.notices) > 200
    _, newest_opened = opened(ledger, ids[-1], NOW)
    assert [each.notice_id for each in newest_opened.notices] == ids[-100:]
    _, oldest_opened = opened(ledger, ids[0], NOW)
    assert [each.notice_id for each in oldest_opened.notices] == [ids[0], *ids[-99:]]
    assert oldest_opened.notices[0].opened_at == NOW
    assert max(teller.carried) == 100


def test_a_document_that_turned_restricted_meanwhile_is_no_longer_told_to_clerks() -> None:
    teller = Teller()
    teller.hear([said(restricted=True)])
    teller.hear([said(AssignmentReturned, version=2, deciding="leader")])
    assert {each.person_id for each in teller.notices} == {"hoa", "leader", "security"}
