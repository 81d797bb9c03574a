"""Which rows a table can reach: examples for people, and verdicts held against every input asked of the engine."""

import itertools
from pathlib import Path
from typing import Any

import pytest
import zen
from hypothesis import given, settings
from hypothesis import strategies as st

from services.events import IssuerLevel, Kind, Urgency
from services.routing.facts import Facts
from services.routing.loading import judged as judged_office
from services.routing.rules import compiled, faults_of, judged
from services.routing.rules.axes import axis_of
from services.routing.rules.conditions import Opaque, condition_of
from services.routing.rules.reach import Verdict, reaches
from services.routing.rules.table import table_of
from tests.routing.small_office import ARRIVED, ROOMS, row, rules

DEMO = Path(__file__).parents[2] / "services" / "demo" / "office.json"
FIELDS = {"level": "issuer_level", "urgency": "urgency", "suffix": "symbol_suffix", "subject": "subject"}


def table(*rows: dict[str, str]) -> dict[str, Any]:
    """Rows by the short names above; each leads to NC unless it says otherwise; a default ends them."""
    content = rules()
    inner = content["nodes"][1]["content"]
    inner["inputs"] = [{"id": id, "field": field, "name": id} for id, field in FIELDS.items()]
    named = [{"_id": f"r{number}", "_description": f"row {number}", **each} for number, each in enumerate(rows)]
    inner["rules"] = [*({"lead": '"NC"', **each} for each in named), row("default", "TH")]
    return content


def verdicts(content: dict[str, Any]) -> list[Verdict]:
    return [each.verdict for each in reaches(table_of(content)[1])]


def complaint(content: dict[str, Any]) -> str:
    (fault,) = faults_of(content, ROOMS)
    return fault.detail


def test_a_row_that_an_earlier_one_covers_is_refused_and_both_are_named() -> None:
    said = complaint(table({"suffix": '"NC", "KT"'}, {"suffix": '"KT"', "urgency": '"express"'}))
    assert said == "the row “row 1” (r1) is never reached: all it could match goes to “row 0” (r0)"


def test_rows_that_cover_it_only_together_are_all_named() -> None:
    said = complaint(
        table(
            {"urgency": '"normal"'},
            {"urgency": 'not in ["normal", "express"]'},
            {"urgency": '"express"'},
            {"suffix": '"KT"'},
        )
    )
    assert said.endswith("goes to “row 0” (r0), “row 1” (r1), “row 2” (r2)")


def test_an_exception_before_its_rule_is_no_matter() -> None:
    found = judged(table({"suffix": '"NC"', "urgency": '"express"', "lead": '"KT"'}, {"suffix": '"NC"'}), ROOMS)
    assert (found.faults, found.warnings, found.unchecked) == ((), (), ())


def test_rows_that_take_a_part_of_one_another_are_named_both() -> None:
    found = judged(table({"suffix": '"NC"', "lead": '"KT"'}, {"urgency": '"express"'}), ROOMS)
    assert [each.detail for each in found.warnings] == [
        "part of what the row “row 1” (r1) matches goes to “row 0” (r0), which comes before it"
    ]


def test_a_condition_over_text_is_unchecked_unless_an_earlier_row_has_the_same() -> None:
    same = 'contains($, "đất")'
    assert verdicts(table({"subject": same}, {"subject": 'contains($, "rừng")'}, {"subject": same})) == [
        Verdict.UNCHECKED,
        Verdict.UNCHECKED,
        Verdict.UNREACHABLE,
        Verdict.UNCHECKED,
    ]


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ({"urgency": '"expres"'}, "no document has the urgency expres"),
        ({"suffix": '"nc"'}, "no document has the symbol_suffix nc"),
        ({"subject": '"Đất"'}, "no document has the subject Đất"),
    ],
)
def test_a_value_that_no_document_has_is_named(cells: dict[str, str], said: str) -> None:
    assert said in complaint(table(cells))


def test_a_dash_is_an_empty_cell_as_people_write_it() -> None:
    match = compiled(table({"level": "-", "urgency": '"express"', "subject": "-"}))
    (express,) = {each.row_index for each in map(match, ALL[3 * len(SUFFIXES) * len(SUBJECTS) :][:3]) if each}
    assert (ALL[3 * len(SUFFIXES) * len(SUBJECTS)].urgency, express) == (Urgency.EXPRESS, 0)


def test_the_demos_table_has_no_row_in_vain() -> None:
    file = judged_office(DEMO.read_bytes())
    assert judged(file.rules, {each.id for each in file.units}).faults == ()


def test_a_table_that_would_take_too_long_is_left_unchecked() -> None:
    rows = [{"suffix": f'"{number}"', "subject": f'contains($, "{number}")'} for number in range(400)]
    assert verdicts(table(*rows))[-1] is Verdict.UNCHECKED


LEVELS = ["", *IssuerLevel]
SUFFIXES = ["NC", "KT", "ZZ"]
SUBJECTS = ["đất", "rừng", "đất rừng"]
ALL = [
    Facts(
        kind=Kind.CONG_VAN, arrived_on=ARRIVED, issuer_level=IssuerLevel(level) if level else None, urgency=urgency,
        symbol_suffix=suffix, subject=subject,
    )
    for level, urgency, suffix, subject in itertools.product(LEVELS, Urgency, SUFFIXES, SUBJECTS)
]  # fmt: skip


def cells(*values: str) -> st.SearchStrategy[str]:
    some = st.lists(st.sampled_from(values), min_size=1, max_size=len(values), unique=True)
    quoted = some.map(lambda each: ", ".join(f'"{value}"' for value in each))
    one = st.sampled_from(values)
    return st.one_of(
        st.just(""), st.just("-"), quoted, quoted.map("$ in [{}]".format), quoted.map("not in [{}]".format),
        one.map('!= "{}"'.format), one.map('$ == "{}"'.format),
    )  # fmt: skip


ROWS = st.fixed_dictionaries(
    {
        "level": cells("", "ministry", "locality"),
        "urgency": cells(*Urgency),
        "suffix": cells("NC", "KT"),
        "subject": st.one_of(
            cells("đất", "rừng"), st.sampled_from(['contains($, "đất")', 'contains($, "rừng")', "len($) > 4"])
        ),
    }
)


@given(st.lists(ROWS, min_size=1, max_size=6))
@settings(max_examples=25, deadline=None)
def test_what_is_decided_is_what_the_engine_does_with_every_input(rows: list[dict[str, str]]) -> None:
    content = table(*rows)
    match = compiled(content)
    hit = {matched.row_index for each in ALL if (matched := match(each))}
    for reach in reaches(table_of(content)[1]):
        if reach.verdict is Verdict.REACHED:
            assert reach.row in hit
        elif reach.verdict is Verdict.UNREACHABLE:
            assert reach.row not in hit


NUMBERS = st.integers(-3, 3)
NUMERIC = st.one_of(
    st.builds("{}{}".format, st.sampled_from(["", "== ", "> ", "< ", ">= ", "<= ", "$ > "]), NUMBERS),
    st.builds("{}{}..{}{}".format, st.sampled_from("[("), st.integers(-3, 0), st.integers(1, 3), st.sampled_from("])")),
    st.builds("$ in [{}, {}]".format, NUMBERS, NUMBERS),
)
TWO_BOUNDS = st.builds("> {} and <= {}".format, NUMBERS, NUMBERS)
DAYS = st.builds('{}d("2026-03-0{}")'.format, st.sampled_from(["", "> ", "< ", ">= ", "<= "]), st.integers(1, 9))


@given(st.one_of(st.lists(NUMERIC, min_size=1, max_size=3).map(", ".join), TWO_BOUNDS))
@settings(max_examples=60, deadline=None)
def test_numbers_and_their_ranges_are_read_as_the_engine_reads_them(text: str) -> None:
    condition = condition_of(text)
    assert not isinstance(condition, Opaque)
    for half in range(-8, 9):
        assert condition.spans is not None  # type: ignore[union-attr]
        held = any(span.holds(half / 2) for span in condition.spans)  # type: ignore[union-attr]
        assert held is zen.evaluate_unary_expression(text, {"$": half / 2})


@given(st.lists(DAYS, min_size=1, max_size=3), st.lists(DAYS, min_size=1, max_size=3))
@settings(max_examples=30, deadline=None)
def test_days_are_told_apart_as_the_engine_does(first: list[str], second: list[str]) -> None:
    one, other = ", ".join(first), ", ".join(second)
    axis = axis_of("arrived_on", [condition_of(one), condition_of(other)])
    days = [f"2026-0{month}-{day:02}" for month, day in itertools.product((2, 3), range(1, 29))]
    meets = [[zen.evaluate_unary_expression(text, {"$": day}) for day in days] for text in (one, other)]
    a, b = (axis.holds(condition_of(text)) for text in (one, other))
    assert (not a & ~b) is all(y for x, y in zip(*meets, strict=True) if x)
    assert (a & b == 0) is (not any(x and y for x, y in zip(*meets, strict=True)))


@pytest.mark.parametrize(
    "text",
    [
        'contains($, "a")',
        '"a" or "b"',
        "`a`",
        '"a\\"',
        "$ in lists",
        "1, > 0 and < 3",
        '"a", len($) > 2',
        "!= 3",
    ],
)
def test_what_cannot_be_told_is_left_as_it_is(text: str) -> None:
    assert condition_of(text) == Opaque(text)
