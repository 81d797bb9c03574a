"""Fault 13: documents, assignments and notices interleaved in every way with void, return, complete and correct."""

from collections.abc import Sequence
from typing import Any

import pytest

from services.events import AssignmentStatus, Kind
from services.reporting.projecting import newest_of
from services.routing.assignment import Told
from tests.faults.interleaving import (
    ACCEPT,
    COMPLETE,
    REASSIGN,
    RETURN,
    Act,
    Books,
    history_of,
    journals,
    orders_and_cuts,
    reached,
    says_the_same_in_any_order,
)
from tests.routing.small_office import described, received, view, voided

STORIES: dict[str, tuple[Sequence[Told], Sequence[Act]]] = {
    "completed": ([received("d")], [ACCEPT, COMPLETE]),
    "returned, given to another and completed": ([received("d")], [RETURN, REASSIGN, COMPLETE]),
    "corrected and completed": ([received("d"), described("d", kind=Kind.CONG_VAN)], [ACCEPT, COMPLETE]),
    "corrected twice and returned": (
        [received("d"), described("d", kind=Kind.CONG_VAN), described("d", version=3, symbol="1/KT")],
        [RETURN],
    ),
    "made restricted": ([received("d"), described("d", restricted=True)], [ACCEPT]),
    "voided and completed": ([received("d"), voided("d")], [ACCEPT, COMPLETE]),
    "voided and returned": ([received("d"), voided("d")], [RETURN, REASSIGN]),
    "corrected, voided and completed": (
        [received("d"), described("d", kind=Kind.CONG_VAN), voided("d", version=3, kind=Kind.CONG_VAN)],
        [COMPLETE],
    ),
}


@pytest.mark.fault(13)
@pytest.mark.quick
@pytest.mark.parametrize("story", STORIES)
def test_every_order_cut_and_repeat_of_a_documents_events_ends_in_the_same_fact_and_counters(
    story: str, figures: dict[str, Any]
) -> None:
    _tried(story, 6, figures)


@pytest.mark.fault(13)
@pytest.mark.timeout(900)
@pytest.mark.parametrize("story", STORIES)
def test_also_with_all_its_notices_every_order_cut_and_repeat_ends_in_the_same_fact_and_counters(
    story: str, figures: dict[str, Any]
) -> None:
    _tried(story, 8, figures)


def _tried(story: str, most_events: int, figures: dict[str, Any]) -> None:
    told, acts = STORIES[story]
    found, ways = journals(view(), told, acts)
    interleavings = compared = stepped = 0
    for said in found:
        assert [each.version for each in said] == list(range(1, len(said) + 1))
        events = history_of(told, said, most_events)
        assert len(events) <= 8
        in_order = Books()
        for event in events:
            in_order = in_order.after(newest_of([event]))
        compared += says_the_same_in_any_order(events)
        states, steps = reached(events)
        assert states[frozenset(range(len(events)))] == [in_order]
        assert all(len(each) == 1 for each in states.values())
        interleavings += orders_and_cuts(len(events))
        stepped += steps
    figures |= {"ways through routing": ways, "journals": len(found), "interleavings at reporting": interleavings}
    figures |= {"batches compared": compared, "steps": stepped}


@pytest.mark.fault(13)
@pytest.mark.quick
def test_a_voided_document_ends_withdrawn_whatever_people_did_to_it_meanwhile() -> None:
    for told, acts in STORIES.values():
        if told[-1].type == voided("d").type:
            found, _ = journals(view(), told, acts)
            assert {said[-1].assignment.status for said in found} == {AssignmentStatus.WITHDRAWN}
            assert len(found) > 1
