"""`python -m tests.faults.table [--write | --save]`: what the runs of the faults have shown with this code, fault by fault.

Every run counts, with whatever seeds; what is lacking of `SEEDS` is named. Below it, what was made up to break the services. `--write` puts
both tables into `deploy/docs/guarantees.md`, which ops read, with when and how all of it was shown. `--save` puts what
these runs have shown into `shown/`, where the next run, elsewhere, goes on from it once that is committed.
"""

import sys
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.bad_input import conftest as bad_input
from tests.bad_input.budget import PERCENT
from tests.bench.machine import servers
from tests.faults.conftest import RESULTS, SEEDS, code, head, kept, of_this_code, path_of, save
from tests.faults.proof import said
from tests.faults.wanted import (
    FIRST_SEED,
    case_of,
    collected,
    draws,
    fault_of,
    name_of,
    seed_of,
    seeds_of,
    with_seeds,
)

GUARANTEES = Path(__file__).parents[2] / "deploy" / "docs" / "guarantees.md"
BEGIN, END = "<!-- faults -->\n", "<!-- /faults -->\n"
FAULTS = range(1, 21)
LEAST_INPUTS = 100_000
COLUMNS = ("Fault", "What was shown", "Passed", "Seeds", "Documents", "Posts without an answer", "Longest until quiet")
INPUT_COLUMNS = ("Bad input", "Different inputs made", "Accepted", "By service", "Tests that failed")


@dataclass(frozen=True)
class Row:
    """One test, all its seeds, cases and repetitions together: a green repetition takes no red run away.

    `seeds` are those that every case has passed with; None where nothing is drawn.
    """

    fault: int
    name: str
    runs: int
    passed: int
    seeds: frozenset[int] | None
    documents: int
    unanswered: int
    quiet_seconds: float

    def cells(self) -> tuple[str, ...]:
        passed = f"{self.passed} of {self.runs}" if self.runs else "not run here"
        seeds = "none is drawn" if self.seeds is None else str(len(self.seeds))
        counts = (passed, seeds, f"{self.documents:,}", f"{self.unanswered:,}")
        return str(self.fault), self.name, *counts, f"{self.quiet_seconds:.1f} s"


def rows(lines: Sequence[dict[str, Any]], tests: Collection[str]) -> list[Row]:
    """Also of tests that nothing was kept of."""
    cases: dict[tuple[int, str], set[str]] = defaultdict(set)
    for test in (*tests, *(line["test"] for line in lines)):
        cases[fault_of(test), name_of(test)].add(case_of(test))
    return [_row(*place, each, lines) for place, each in sorted(cases.items())]


def _row(fault: int, name: str, cases: Collection[str], lines: Sequence[dict[str, Any]]) -> Row:
    ran = [line for line in lines if case_of(line["test"]) in cases and line["outcome"] != "skipped"]
    passed = [line["test"] for line in ran if line["outcome"] == "passed"]
    figures = [line["figures"] for line in ran]
    return Row(
        fault,
        name.removeprefix("test_").replace("_", " "),
        len(ran),
        len(passed),
        _seeds_of_all(cases, passed),
        sum(each.get("documents", 0) for each in figures),
        sum(each.get("attempts without an answer", 0) for each in figures),
        max((each.get("seconds until quiet", 0) for each in figures), default=0),
    )


def _seeds_of_all(cases: Collection[str], passed: Collection[str]) -> frozenset[int] | None:
    if not any(draws(case) for case in cases):
        return None
    by_case = [{seed_of(test) for test in passed if case_of(test) == case} for case in cases]
    return frozenset(seed for seed in set.intersection(*by_case) if seed is not None)


def input_cells(line: dict[str, Any]) -> tuple[str, ...]:
    """One part of the bad inputs, as its last run with this code has counted it."""
    services = ", ".join(f"{name} {good / made:.0%}" for name, (made, good) in line["services"].items() if made)
    share = f"{line['accepted']:,} ({line['accepted'] / max(line['made'], 1):.0%})"
    return line["part"], f"{line['made']:,}", share, services, str(len(line["failed"]))


def shown(columns: Sequence[str], cells: Sequence[Sequence[str]]) -> Table:
    table = Table(*columns, box=None)
    for each in cells:
        table.add_row(*each)
    return table


def lacking(lines: Sequence[dict[str, Any]], wanted: Collection[str]) -> list[str]:
    """Why these lines are no proof of all wanted tests; empty when they are. What has failed once is not forgotten."""
    outcomes: dict[str, set[str]] = defaultdict(set)
    for line in lines:
        outcomes[line["test"]].add(line["outcome"])
    untested = sorted(set(FAULTS) - {fault_of(test) for test in wanted})
    found = [(test, _flaw(outcomes.get(test, set()))) for test in sorted({*wanted, *outcomes}, key=_place)]
    return [*(f"fault {each} has no test" for each in untested), *(f"{flaw}: {test}" for test, flaw in found if flaw)]


def _flaw(outcomes: Collection[str]) -> str:
    if "failed" in outcomes:
        return "failed"
    if "passed" in outcomes:
        return ""
    return "skipped" if outcomes else "not run"


def _place(test: str) -> tuple[str, int]:
    return case_of(test), seed_of(test) or 0


def lacking_inputs(inputs: Mapping[str, dict[str, Any]]) -> list[str]:
    """Why these accounts are no proof of all parts of the bad inputs."""
    missing = [f"bad inputs of the part {part} were not made" for part in PERCENT if part not in inputs]
    made = sum(line["made"] for line in inputs.values())
    if made < LEAST_INPUTS:
        missing.append(f"{made:,} different bad inputs were made, and {LEAST_INPUTS:,} are promised")
    return [*missing, *(f"failed: {name}" for line in inputs.values() for name in line["failed"])]


def as_markdown(columns: Sequence[str], cells: Sequence[Sequence[str]]) -> str:
    lines = [columns, ["---"] * len(columns), *cells]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def write(text: str) -> None:
    before, _, rest = GUARANTEES.read_text().partition(BEGIN)
    GUARANTEES.write_text(f"{before}{BEGIN}{text}{END}{rest.partition(END)[2]}")


@dataclass(frozen=True)
class Shown:
    """What was kept of this code, and which tests there are."""

    lines: list[dict[str, Any]]
    inputs: dict[str, dict[str, Any]]
    tests: list[str]

    @classmethod
    def here(cls) -> "Shown":
        found = kept()
        codes = {path: code(path) for path in {path_of(line["test"]) for line in found}}
        inputs = bad_input.of_this_code(bad_input.kept(), bad_input.here())
        return cls(of_this_code(found, codes), inputs, collected())

    def lacks(self, seeds: Iterable[int]) -> list[str]:
        return [*lacking(self.lines, with_seeds(self.tests, seeds)), *lacking_inputs(self.inputs)]

    def save(self) -> None:
        save(self.lines, RESULTS)
        save(self.inputs.values(), bad_input.KEPT)

    def tables(self) -> list[tuple[Sequence[str], list[tuple[str, ...]]]]:
        found = [row.cells() for row in rows(self.lines, self.tests)]
        return [(COLUMNS, found), (INPUT_COLUMNS, [input_cells(line) for line in self.inputs.values()])]

    def page(self) -> str:
        seeds = [row.seeds for row in rows(self.lines, self.tests) if row.seeds is not None]
        when = said(self.lines, self.inputs.values(), seeds, head(), servers())
        return "\n".join([when, *(as_markdown(columns, cells) for columns, cells in self.tables())])


def main(arguments: Sequence[str]) -> int:
    """To be written, each test has to have passed with the first seed; the page says how many seeds it was then."""
    try:
        seeds = seeds_of(SEEDS)
    except ValueError as error:
        raise SystemExit(str(error)) from error
    console, found = Console(width=200), Shown.here()
    for columns, cells in found.tables():
        console.print(shown(columns, cells))
    if "--save" in arguments:
        found.save()
    writing = "--write" in arguments
    reasons = found.lacks([FIRST_SEED] if writing else seeds)
    for reason in reasons:
        console.print(reason, markup=False)
    if writing and reasons:
        console.print("Nothing was written: the page says what was shown of all faults.")
    elif writing:
        write(found.page())
    return 1 if reasons else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
