"""What the table says of kept runs."""

import os
import subprocess
import sys
from typing import Any

import pytest

from tests.faults.conftest import of_this_code
from tests.faults.table import FAULTS, lacking, rows
from tests.faults.wanted import ROOT, collected, fault_of, seeds_of, with_seeds

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


@pytest.fixture(scope="module")
def tests_here() -> list[str]:
    return collected()


def test_pytest_tells_of_every_fault_what_tests_it_has_also_of_those_that_are_not_quick(tests_here: list[str]) -> None:
    assert {fault_of(each) for each in tests_here} == set(FAULTS)
    assert "tests/faults/test_09_kafka_power_cut.py" in {each.partition("::")[0] for each in tests_here}
    assert len(with_seeds(tests_here, [1, 2])) > 1.5 * len(tests_here)


@pytest.mark.parametrize(
    ("text", "seeds"), [("1", [1]), ("4", [1, 2, 3, 4]), ("3-5", [3, 4, 5]), ("7-7", [7]), (" 2 ", [1, 2])]
)
def test_seeds_are_a_number_of_them_or_a_range(text: str, seeds: list[int]) -> None:
    assert list(seeds_of(text)) == seeds


WRONG_SEEDS = ["0", "-3", "8-3", "0-3", "3-", "1,2", "two", "1.5", "", "²"]


@pytest.mark.parametrize("text", WRONG_SEEDS)
def test_what_names_no_seeds_is_refused_with_what_to_write(text: str) -> None:
    with pytest.raises(ValueError, match="Write SEEDS=20 for the seeds 1 to 20, or SEEDS=3-8 for 3 to 8"):
        seeds_of(text)


@pytest.mark.parametrize("command", ["pytest --collect-only tests/faults", "tests.faults.table"])
def test_wrong_seeds_end_in_plain_words_and_no_traceback(command: str) -> None:
    done = _ran("8-3", *command.split())
    assert done.returncode
    assert "SEEDS=8-3 names no seeds." in done.stderr
    assert "Traceback" not in done.stderr


def test_a_run_of_a_range_has_its_seeds_alone(tests_here: list[str]) -> None:
    (test,) = [each for each in tests_here if "kafka_down" in each]
    done = _ran("3-4", "pytest", "--collect-only", "-q", test.partition("::")[0])
    assert {line for line in done.stdout.splitlines() if "::" in line} == with_seeds([test], [3, 4])


def _ran(seeds: str, *module: str) -> "subprocess.CompletedProcess[str]":
    env = {**os.environ, "FAULTS": "all", "SEEDS": seeds}
    command = [sys.executable, "-m", *module]
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)


def test_a_change_of_one_test_file_leaves_what_the_others_have_shown() -> None:
    lines = [each | {"code": code} for each, code in zip(ALL, "aba", strict=False)]
    assert of_this_code(lines, {"tests/faults/test_01_x.py": "a", "tests/faults/test_02_x.py": "a"}) == lines[:1]
