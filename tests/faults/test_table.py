"""What the table says of kept runs."""

from typing import Any

from tests.faults.conftest import of_this_code
from tests.faults.table import FAULTS, lacking, rows


def run(fault: int, outcome: str = "passed", case: str = "1", documents: int = 10) -> dict[str, Any]:
    test = f"tests/faults/test_{fault:02}.py::test_it_holds[{case}]"
    return {"fault": fault, "test": test, "outcome": outcome, "figures": {"documents": documents}}


ALL = [run(each) for each in FAULTS]


def test_all_faults_that_passed_lack_nothing() -> None:
    assert lacking(ALL) == []


def test_a_fault_that_was_not_run_is_lacking() -> None:
    assert lacking(ALL[:-1]) == ["fault 20 was not run"]


def test_a_green_repetition_takes_no_red_run_away() -> None:
    lines = [run(1, "failed"), *ALL]
    assert lacking(lines) == ["failed: tests/faults/test_01.py::test_it_holds[1]"]
    assert (rows(lines)[0].passed, rows(lines)[0].runs) == (1, 2)


def test_what_was_skipped_is_said_to_be_not_run_and_counts_as_no_run() -> None:
    assert rows([run(5, "skipped")])[0].cells()[2] == "not run here"


def test_seeds_and_cases_of_a_test_are_counted_together() -> None:
    row = rows([run(2, case="1"), run(2, case="2", documents=32)])[0]
    assert (row.name, row.runs, row.documents) == ("it holds", 2, 42)


def test_a_change_of_one_test_file_leaves_what_the_others_have_shown() -> None:
    lines = [run(1) | {"code": "a"}, run(2) | {"code": "b"}, run(3) | {"code": "a"}]
    assert of_this_code(lines, {"tests/faults/test_01.py": "a", "tests/faults/test_02.py": "a"}) == lines[:1]
