"""What the table says of kept runs."""

from typing import Any

from tests.faults.conftest import of_this_code
from tests.faults.table import FAULTS, lacking, rows
from tests.faults.wanted import collected, fault_of, with_seeds

TESTS = [f"tests/faults/test_{fault:02}_x.py::test_it_holds[seed1]" for fault in FAULTS]
FIRST, SECOND, LAST = TESTS[0], TESTS[1], TESTS[-1]


def run(test: str, outcome: str = "passed", documents: int = 10) -> dict[str, Any]:
    return {"test": test, "outcome": outcome, "figures": {"documents": documents}}


ALL = [run(each) for each in TESTS]


def test_all_tests_that_passed_with_all_seeds_lack_nothing() -> None:
    assert lacking(ALL, TESTS) == []
    wanted = with_seeds(TESTS, [1, 2])
    assert lacking([run(each) for each in wanted], wanted) == []


def test_a_test_that_nothing_was_kept_of_is_lacking_although_its_fault_has_others() -> None:
    other = FIRST.replace("test_it_holds", "test_it_holds_on")
    assert lacking(ALL, [*TESTS, other]) == [f"not run: {other}"]
    assert [row.runs for row in rows(ALL, [*TESTS, other])[:2]] == [1, 0]


def test_a_seed_that_a_test_was_not_run_with_is_lacking() -> None:
    missing = LAST.replace("seed1", "seed2")
    lines = [run(each) for each in with_seeds(TESTS, [1, 2]) if each != missing]
    assert lacking(lines, with_seeds(TESTS, [1, 2])) == [f"not run: {missing}"]


def test_what_was_skipped_is_lacking_and_counts_as_no_run() -> None:
    lines = [run(FIRST, "skipped"), *ALL[1:]]
    assert lacking(lines, TESTS) == [f"skipped: {FIRST}"]
    assert rows(lines, TESTS)[0].cells()[2] == "not run here"


def test_a_fault_without_a_test_is_lacking() -> None:
    assert lacking(ALL[:-1], TESTS[:-1]) == ["fault 20 has no test"]


def test_a_green_repetition_takes_no_red_run_away() -> None:
    lines = [run(FIRST, "failed"), *ALL]
    assert lacking(lines, TESTS) == [f"failed: {FIRST}"]
    assert (rows(lines, TESTS)[0].passed, rows(lines, TESTS)[0].runs) == (1, 2)


def test_seeds_and_cases_of_a_test_are_counted_together() -> None:
    cases = [f"{SECOND[:-7]}[{case}-seed1]" for case in ("before", "after")]
    row = rows([run(cases[0]), run(cases[1], documents=32)], cases)[0]
    assert (row.name, row.runs, row.documents) == ("it holds", 2, 42)


def test_a_row_has_the_seeds_that_all_its_cases_have_passed_with() -> None:
    cases = [f"{SECOND[:-7]}[{case}-seed1]" for case in ("before", "after")]
    lines = [run(each) for each in with_seeds(cases[:1], range(1, 21))]
    assert rows(lines, cases)[0].seeds == frozenset()
    lines += [run(each) for each in with_seeds(cases[1:], [3, 4])] * 2
    assert rows(lines, cases)[0].seeds == frozenset({3, 4})
    assert rows(lines, cases)[0].cells()[3] == "2"


def test_a_test_that_draws_nothing_is_wanted_once_and_has_no_seeds() -> None:
    test = FIRST.replace("[seed1]", "[completed]")
    assert with_seeds([test], range(1, 21)) == {test}
    assert rows([run(test)], [test])[0].seeds is None


def test_pytest_tells_of_every_fault_what_tests_it_has_also_of_those_that_are_not_quick() -> None:
    found = collected()
    assert {fault_of(each) for each in found} == set(FAULTS)
    assert "tests/faults/test_09_kafka_power_cut.py" in {each.partition("::")[0] for each in found}
    assert len(with_seeds(found, [1, 2])) > 1.5 * len(found)


def test_a_change_of_one_test_file_leaves_what_the_others_have_shown() -> None:
    lines = [each | {"code": code} for each, code in zip(ALL, "aba", strict=False)]
    assert of_this_code(lines, {"tests/faults/test_01_x.py": "a", "tests/faults/test_02_x.py": "a"}) == lines[:1]
