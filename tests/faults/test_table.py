"""What the table says of kept runs."""

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.bad_input.budget import PERCENT
from tests.faults import table
from tests.faults.conftest import lines_of, of_this_code, save
from tests.faults.proof import MORE_SEEDS, said
from tests.faults.table import FAULTS, Shown, lacking, lacking_inputs, rows
from tests.faults.wanted import ROOT, collected, fault_of, seeds_of, with_seeds

TESTS = [f"tests/faults/test_{fault:02}_x.py::test_it_holds[seed1]" for fault in FAULTS]
FRIDAY, SATURDAY = 1795780800, 1795867200
FIRST, SECOND, LAST = TESTS[0], TESTS[1], TESTS[-1]


def run(test: str, outcome: str = "passed", documents: int = 10) -> dict[str, Any]:
    return {"test": test, "outcome": outcome, "figures": {"documents": documents}}


ALL = [run(each) for each in TESTS]


def test_all_tests_that_passed_with_all_seeds_lack_nothing() -> None:
    assert lacking(ALL, TESTS) == []
    wanted = with_seeds(TESTS, [1, 2])
    assert lacking([run(each) for each in wanted], wanted) == []


def test_what_was_saved_of_a_run_elsewhere_counts_once_with_what_was_run_here(tmp_path: Path) -> None:
    here, shown = tmp_path / "var" / "results.jsonl", tmp_path / "shown"
    assert lines_of(here, shown) == []
    save(ALL[:2], here, shown)
    assert lines_of(here, shown) == ALL[:2]
    here.parent.mkdir()
    here.write_text("".join(json.dumps(line) + "\n" for line in ALL[1:3]))
    assert lines_of(here, shown) == ALL[:3]
    save(ALL[3:4], here, shown)
    assert lines_of(here, shown) == [ALL[3], *ALL[1:3]]


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


def inputs(made: int) -> dict[str, dict[str, Any]]:
    return {part: {"made": made, "failed": [], "at": FRIDAY} for part in PERCENT}


def test_fewer_bad_inputs_than_are_promised_are_lacking() -> None:
    assert lacking_inputs(inputs(25_000)) == []
    assert lacking_inputs(inputs(24_999)) == ["99,996 different bad inputs were made, and 100,000 are promised"]


def test_the_page_says_when_with_what_code_and_seeds_and_where_all_was_shown() -> None:
    lines = [
        {"at": FRIDAY, "machine": "2 cores with 8 GB of memory"},
        {"at": SATURDAY, "machine": "8 cores with 64 GB of memory"},
    ]
    page = said(
        lines[:1], inputs(1).values(), [frozenset({1, 2, 3, 7})] * 2, "abc1234", {"mongodb": "6.0.5", "kafka": "4.4.0"}
    )
    assert page.startswith(
        "Shown on 2026-11-27 (UTC) with commit `abc1234` and the seeds 1 to 3, 7, on 2 cores with 8 GB of memory "
        "(kafka 4.4.0, mongodb 6.0.5). A commit that changes nothing but pages, tools or tests of other things has "
    )
    assert page.endswith("\n\n20 seeds each are aimed at; 4 were run.\n")
    page = said(lines, [], [frozenset({1})], "abc1234", {})
    assert "Shown from 2026-11-27 to 2026-11-28 (UTC)" in page
    assert "on 2 cores with 8 GB of memory and 8 cores with 64 GB of memory" in page


@pytest.mark.parametrize(
    ("seeds", "says"),
    [
        ([[1]], "20 seeds each are aimed at; 1 was run.\n"),
        ([range(1, 21), range(1, 21)], "20 seeds each are aimed at, and 20 were run.\n"),
        ([[1, 2, 7], [1, 2, 8]], f"20 seeds each are aimed at; 2 were run. {MORE_SEEDS}\n"),
        ([range(1, 21), [1, 2]], f"20 seeds each are aimed at; 2 were run. {MORE_SEEDS}\n"),
    ],
)
def test_what_was_not_reached_is_said_in_a_plain_sentence(seeds: list[Iterable[int]], says: str) -> None:
    lines = [{"at": FRIDAY, "machine": "2 cores with 8 GB of memory"}]
    assert said(lines, [], [frozenset(each) for each in seeds], "abc1234", {}).endswith(says)


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What is written goes there, about a run of all tests with the first seed alone."""
    path = tmp_path / "guarantees.md"
    path.write_text(f"Before.\n{table.BEGIN}Nothing yet.\n{table.END}After.\n")
    lines = [line | {"at": FRIDAY, "machine": "2 cores with 8 GB of memory"} for line in ALL]
    accounts = {part: line | {"part": part, "accepted": 9_000, "services": {}} for part, line in inputs(25_000).items()}
    for name, value in {"GUARANTEES": path, "servers": dict, "head": lambda: "abc1234", "SEEDS": "20"}.items():
        monkeypatch.setattr(table, name, value)
    monkeypatch.setattr(Shown, "here", lambda: Shown(lines, accounts, TESTS))
    return path


def test_the_page_is_written_after_one_seed_of_each_test_and_says_so(page: Path) -> None:
    assert table.main(["--write"]) == 0
    text = page.read_text()
    assert text.startswith(f"Before.\n{table.BEGIN}Shown on 2026-11-27 (UTC) with commit `abc1234` and the seed 1, on")
    assert "\n20 seeds each are aimed at; 1 was run.\n\n| Fault | What was shown |" in text
    assert "| 20 | it holds | 1 of 1 | 1 | 10 |" in text
    assert text.endswith(f"| office file | 25,000 | 9,000 (36%) |  | 0 |\n{table.END}After.\n")


@pytest.mark.parametrize("outcome", ["skipped", "failed"])
def test_nothing_is_written_where_a_test_was_skipped_or_red(
    outcome: str, page: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flawed = LAST.replace("seed1", "seed2")
    found = Shown.here()
    monkeypatch.setattr(Shown, "here", lambda: replace(found, lines=[*found.lines, run(flawed, outcome)]))
    assert table.main(["--write"]) == 1
    assert "Nothing yet." in page.read_text()


def test_nothing_is_written_where_a_test_was_not_run_with_the_first_seed(
    page: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = Shown.here()
    monkeypatch.setattr(Shown, "here", lambda: replace(found, lines=found.lines[1:]))
    assert table.main(["--write"]) == 1
    assert "Nothing yet." in page.read_text()


def test_without_writing_every_seed_that_was_asked_for_is_wanted(page: Path) -> None:
    assert table.main([]) == 1
    assert "Nothing yet." in page.read_text()


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
