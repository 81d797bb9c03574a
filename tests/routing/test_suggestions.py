"""What is learnt from corrections: a planted pattern always, chance never, nothing of restricted documents."""

import random
from typing import Any

import pytest

from services.events import AssignmentStatus, IssuerLevel, Kind, Proposal
from services.routing.actions import reassign
from services.routing.assignment import Kept
from services.routing.corrections import correction_of, decided_of, must_be_forgotten, traits_of
from services.routing.facts import Facts, facts_of
from services.routing.rules import compiled, faults_of
from services.routing.states import Act
from services.routing.suggested_rows import can_be_written, placed, row_of, words_of
from services.routing.suggestions import Decided, Suggestion, chance, suggestions
from tests.routing.small_office import ARRIVED, NOW, ROOMS, document, received, rules, view
from tests.routing.test_settling import D, Desk

SUFFIXES, LEVELS, ISSUERS = ("NN", "KT", "NC", "VX"), list(IssuerLevel), [f"Sở {number}" for number in range(20)]


def some(seed: int, count: int = 240) -> list[Decided]:
    """Documents that went to TH, one in ten of them moved on by whim."""
    dice = random.Random(seed)
    return [
        Decided(
            {
                "kind": dice.choice(("cong_van", "bao_cao", "to_trinh")),
                "issuer_level": dice.choice(LEVELS),
                "issuer": dice.choice(ISSUERS),
                "symbol_suffix": dice.choice(SUFFIXES),
                "book": "incoming",
            },
            "TH",
            dice.choice(("NC", "KT")) if dice.random() < 0.1 else "TH",
            "default",
        )
        for _ in range(count)
    ]


def planted(seed: int) -> list[Decided]:
    """Twelve of thirteen with -NN from localities go to NC."""
    rest = [
        each
        for each in some(seed)
        if (each.facts["symbol_suffix"], each.facts["issuer_level"]) != ("NN", IssuerLevel.LOCALITY)
    ]
    facts = {"kind": "cong_van", "issuer_level": "locality", "symbol_suffix": "NN", "book": "incoming"}
    theirs = [
        Decided({**facts, "issuer": f"Huyện {number}"}, "TH", "NC" if number else "TH", "default")
        for number in range(13)
    ]
    return [*rest, *theirs]


@pytest.mark.parametrize("seed", range(10))
def test_a_planted_pattern_is_always_found(seed: int) -> None:
    (found,) = suggestions(planted(seed))
    assert dict(found.pattern) == {"issuer_level": "locality", "symbol_suffix": "NN"}
    assert (found.from_unit, found.to_unit, found.moved, found.documents, found.row_id) == (
        "TH",
        "NC",
        12,
        13,
        "default",
    )


def test_shuffled_corrections_suggest_nothing() -> None:
    for seed in range(200):
        dice, decided = random.Random(seed), planted(seed % 10)
        units = [each.to_unit for each in decided]
        dice.shuffle(units)
        assert suggestions([each._replace(to_unit=unit) for each, unit in zip(decided, units, strict=True)]) == []


def test_where_everything_is_moved_no_pattern_is_behind_it() -> None:
    assert suggestions([each._replace(to_unit="NC") for each in some(1)]) == []


def test_chance_is_fishers() -> None:
    assert chance(10, 5, 5, 5) == pytest.approx(1 / 252)
    assert chance(10, 5, 5, 0) == pytest.approx(1.0)


PEOPLE = view().people
FOUND = Suggestion(
    (("issuer_level", "locality"), ("symbol_suffix", "NN")), "TH", "NC", 12, 13, row_id="default", by_chance=0.0
)


def test_a_suggestion_reads_as_a_sentence_in_both_languages() -> None:
    assert words_of(FOUND) == (
        "12 trong 13 văn bản của cấp địa phương, có ký hiệu …-NN đã được chuyển từ TH sang NC",
        "12 of 13 documents from local bodies, with symbol …-NN were moved from TH to NC",
    )


def test_its_row_stands_before_the_one_that_decided_and_does_it() -> None:
    before = rules()
    content = placed(before, FOUND)
    assert before == rules()
    assert faults_of(content, ROOMS) == []
    row = row_of(FOUND, before)
    assert (row["suffix"], row["in-issuer_level"], row["lead"]) == ('"NN"', '"locality"', '"NC"')
    match = compiled(content)

    def lead(**facts: Any) -> str | None:
        matched = match(Facts(kind=Kind.CONG_VAN, arrived_on=ARRIVED, symbol_suffix="NN", **facts))
        return matched.lead_unit if matched else None

    assert lead(issuer_level=IssuerLevel.LOCALITY) == "NC"
    assert lead(issuer_level=IssuerLevel.MINISTRY) == "TH"


def test_a_value_that_no_cell_can_hold_is_not_written() -> None:
    assert can_be_written(FOUND)
    assert not can_be_written(Suggestion((("issuer", 'Công ty "An"'),), "TH", "NC", 9, 9, "default", 0.0))


def kept(**changes: Any) -> Kept:
    desk = Desk()
    desk.take(received("d", kind=Kind.CONG_VAN, issuer="Huyện Kỳ Anh", symbol="1/UBND-NN", **changes))
    return desk.kept[D]


def moved_to(before: Kept, unit: str, person: str) -> Kept:
    state = reassign(before.state, unit, person, ARRIVED, None)
    return before.model_copy(update={"state": state, "version": before.version + 1})


def test_a_reassigned_decision_of_the_rules_is_a_correction() -> None:
    before = kept()
    found = correction_of(before, moved_to(before, "NC", "hoa"), Act.REASSIGN, PEOPLE, "leader", NOW)
    assert found is not None
    assert (found.from_unit, found.to_unit, found.by, found.rules_version, found.row_id) == (
        "TH",
        "NC",
        "leader",
        1,
        "default",
    )
    assert found.facts == {
        "kind": "cong_van",
        "issuer_level": "citizen",
        "issuer": "Huyện Kỳ Anh",
        "symbol_suffix": "NN",
        "book": "incoming",
    }


def test_a_proposal_that_a_leader_changes_is_one_too() -> None:
    before = kept()
    proposal = Proposal(lead_unit_id="TH", lead_person_id="thu")
    nobody = {"status": AssignmentStatus.PROPOSED, "proposal": proposal, "lead_unit_id": None, "lead_person_id": None}
    proposed = before.model_copy(update={"state": before.state.model_copy(update=nobody)})
    after = moved_to(before, "KT", "minh")
    found = correction_of(proposed, after, Act.APPROVE, PEOPLE, "leader", NOW)
    assert found is not None
    assert (found.from_unit, found.to_unit) == ("TH", "KT")
    assert correction_of(proposed, before, Act.APPROVE, PEOPLE, "leader", NOW) is None


def test_what_a_specialist_gives_back_and_a_clerk_gives_on_is_one_as_well() -> None:
    before = kept()
    returned = {"status": AssignmentStatus.RETURNED, "lead_unit_id": None, "lead_person_id": None}
    back = before.model_copy(update={"state": before.state.model_copy(update=returned)})
    found = correction_of(back, moved_to(back, "NC", "hoa"), Act.REASSIGN, PEOPLE, "clerk", NOW)
    assert found is not None
    assert (found.from_unit, found.to_unit) == ("TH", "NC")


def test_other_steps_and_the_same_unit_are_none() -> None:
    before = kept()
    assert correction_of(before, moved_to(before, "NC", "hoa"), Act.HAND_ON, PEOPLE, "leader", NOW) is None
    assert correction_of(before, before, Act.REASSIGN, PEOPLE, "leader", NOW) is None


def test_restricted_documents_give_no_word() -> None:
    before = kept(restricted=True)
    assert correction_of(before, moved_to(before, "NC", "hoa"), Act.REASSIGN, PEOPLE, "leader", NOW) is None
    assert traits_of(before.facts) == {}
    assert (before.facts.issuer, before.facts.book, before.facts.symbol) == ("", "", "")
    assert must_be_forgotten(before)
    assert not must_be_forgotten(kept())


def test_a_document_counts_once_by_its_newest_correction() -> None:
    before = kept()
    first = correction_of(before, moved_to(before, "NC", "hoa"), Act.REASSIGN, PEOPLE, "leader", NOW)
    assert first is not None
    second = first.model_copy(update={"to_unit": "KT", "version": 3})
    facts = facts_of(document("e", kind=Kind.CONG_VAN))
    rows = [
        {"_id": each, "facts": {"kind": "cong_van", "restricted": facts.restricted}, "unit": "TH", "row_id": "default"}
        for each in ("d", "e")
    ]
    assert [(each.from_unit, each.to_unit) for each in decided_of([second, first], rows)] == [
        ("TH", "KT"),
        ("TH", "TH"),
    ]
