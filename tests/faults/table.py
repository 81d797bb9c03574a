"""`python -m tests.faults.table [--write]`: what the runs of the faults have shown with this code, fault by fault.

Below it, what was made up to break the services. `--write` puts both tables into `deploy/docs/guarantees.md`, which ops read.
"""

import sys
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.bad_input import conftest as bad_input
from tests.faults.conftest import code, kept

GUARANTEES = Path(__file__).parents[2] / "deploy" / "docs" / "guarantees.md"
BEGIN, END = "<!-- faults -->\n", "<!-- /faults -->\n"
COLUMNS = ("Fault", "What was shown", "Passed", "Documents", "Posts without an answer", "Longest until quiet")
INPUT_COLUMNS = ("Bad input", "Different inputs made", "Accepted", "By service", "Tests that failed")


@dataclass(frozen=True)
class Row:
    """One test, all its seeds and cases together."""

    fault: int
    name: str
    runs: int
    passed: int
    documents: int
    unanswered: int
    quiet_seconds: float

    def cells(self) -> tuple[str, ...]:
        counts = (f"{self.passed} of {self.runs}", f"{self.documents:,}", f"{self.unanswered:,}")
        return str(self.fault), self.name, *counts, f"{self.quiet_seconds:.1f} s"


def newest(lines: list[dict[str, Any]], of: str) -> dict[str, dict[str, Any]]:
    """The last run of each test with this code."""
    return {line["test"]: line for line in lines if line["code"] == of}


def rows(runs: dict[str, dict[str, Any]]) -> list[Row]:
    by_test: dict[tuple[int, str], list[dict[str, Any]]] = defaultdict(list)
    for name, line in runs.items():
        by_test[line["fault"], name.rpartition("::")[2].partition("[")[0]].append(line)
    return [_row(fault, name, lines) for (fault, name), lines in sorted(by_test.items())]


def _row(fault: int, name: str, lines: list[dict[str, Any]]) -> Row:
    figures = [line["figures"] for line in lines]
    return Row(
        fault,
        name.removeprefix("test_").replace("_", " "),
        len(lines),
        sum(line["outcome"] == "passed" for line in lines),
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


def failed(runs: dict[str, dict[str, Any]]) -> list[str]:
    return sorted(name for name, line in runs.items() if line["outcome"] != "passed")


def as_markdown(columns: Sequence[str], cells: Sequence[Sequence[str]]) -> str:
    lines = [columns, ["---"] * len(columns), *cells]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def write(text: str) -> None:
    before, _, rest = GUARANTEES.read_text().partition(BEGIN)
    GUARANTEES.write_text(f"{before}{BEGIN}{text}{END}{rest.partition(END)[2]}")


def main(arguments: Sequence[str]) -> int:
    console, runs = Console(width=200), newest(kept(), code())
    if not runs:
        console.print("No fault has been run with this code.")
        return 1
    inputs = bad_input.of_this_code(bad_input.kept(), bad_input.here())
    tables = [(COLUMNS, [row.cells() for row in rows(runs)]), (INPUT_COLUMNS, [*map(input_cells, inputs.values())])]
    broken = [*failed(runs), *(name for line in inputs.values() for name in line["failed"])]
    for columns, cells in tables:
        console.print(shown(columns, cells))
    for name in broken:
        console.print(f"failed: {name}", markup=False)
    if "--write" in arguments:
        write("\n".join(as_markdown(columns, cells) for columns, cells in tables if cells))
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
