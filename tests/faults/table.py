"""`python -m tests.faults.table [--write]`: what the runs of the faults have shown with this code, fault by fault.

Below it, what was made up to break the services. `--write` puts both tables into `deploy/docs/guarantees.md`, which ops read.
"""

import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.bad_input import conftest as bad_input
from tests.bad_input.budget import PERCENT
from tests.faults.conftest import code, kept, of_this_code, path_of

GUARANTEES = Path(__file__).parents[2] / "deploy" / "docs" / "guarantees.md"
BEGIN, END = "<!-- faults -->\n", "<!-- /faults -->\n"
FAULTS = range(1, 21)
COLUMNS = ("Fault", "What was shown", "Passed", "Documents", "Posts without an answer", "Longest until quiet")
INPUT_COLUMNS = ("Bad input", "Different inputs made", "Accepted", "By service", "Tests that failed")


@dataclass(frozen=True)
class Row:
    """One test, all its seeds, cases and repetitions together: a green repetition takes no red run away."""

    fault: int
    name: str
    runs: int
    passed: int
    skipped: int
    documents: int
    unanswered: int
    quiet_seconds: float

    def cells(self) -> tuple[str, ...]:
        passed = f"{self.passed} of {self.runs}" if self.runs else "not run here"
        counts = (passed, f"{self.documents:,}", f"{self.unanswered:,}")
        return str(self.fault), self.name, *counts, f"{self.quiet_seconds:.1f} s"


def rows(lines: Sequence[dict[str, Any]]) -> list[Row]:
    by_test: dict[tuple[int, str], list[dict[str, Any]]] = defaultdict(list)
    for line in lines:
        by_test[line["fault"], line["test"].rpartition("::")[2].partition("[")[0]].append(line)
    return [_row(fault, name, each) for (fault, name), each in sorted(by_test.items())]


def _row(fault: int, name: str, lines: list[dict[str, Any]]) -> Row:
    ran = [line for line in lines if line["outcome"] != "skipped"]
    figures = [line["figures"] for line in ran]
    return Row(
        fault,
        name.removeprefix("test_").replace("_", " "),
        len(ran),
        sum(line["outcome"] == "passed" for line in ran),
        len(lines) - len(ran),
        sum(each.get("documents", 0) for each in figures),
        sum(each.get("attempts without an answer", 0) for each in figures),
        max((each.get("seconds until quiet", 0) for each in figures), default=0),
    )


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


def lacking(lines: Sequence[dict[str, Any]]) -> list[str]:
    """Why these lines are no proof of all faults; empty when they are."""
    missing = sorted(set(FAULTS) - {line["fault"] for line in lines})
    failed = sorted({line["test"] for line in lines if line["outcome"] == "failed"})
    return [*(f"fault {each} was not run" for each in missing), *(f"failed: {each}" for each in failed)]


def lacking_inputs(inputs: Mapping[str, dict[str, Any]]) -> list[str]:
    """Why these accounts are no proof of all parts of the bad inputs."""
    missing = [f"bad inputs of the part {part} were not made" for part in PERCENT if part not in inputs]
    return [*missing, *(f"failed: {name}" for line in inputs.values() for name in line["failed"])]


def as_markdown(columns: Sequence[str], cells: Sequence[Sequence[str]]) -> str:
    lines = [columns, ["---"] * len(columns), *cells]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def write(text: str) -> None:
    before, _, rest = GUARANTEES.read_text().partition(BEGIN)
    GUARANTEES.write_text(f"{before}{BEGIN}{text}{END}{rest.partition(END)[2]}")


def main(arguments: Sequence[str]) -> int:
    console, found_here = Console(width=200), kept()
    codes = {path: code(path) for path in {path_of(line["test"]) for line in found_here}}
    lines = of_this_code(found_here, codes)
    inputs = bad_input.of_this_code(bad_input.kept(), bad_input.here())
    found, reasons = rows(lines), [*lacking(lines), *lacking_inputs(inputs)]
    tables = [(COLUMNS, [row.cells() for row in found]), (INPUT_COLUMNS, [*map(input_cells, inputs.values())])]
    for columns, cells in tables:
        console.print(shown(columns, cells))
    for reason in reasons:
        console.print(reason, markup=False)
    if "--write" in arguments:
        reasons += [f"not run here: {row.name}" for row in found if row.skipped]
        if reasons:
            console.print("Nothing was written: the page says what was shown of all faults.")
        else:
            write("\n".join(as_markdown(columns, cells) for columns, cells in tables))
    return 1 if reasons else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
