"""`python -m tests.faults.table`: what this commit's runs of the faults have shown, fault by fault."""

import sys
from collections import defaultdict
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.faults.conftest import commit, kept


def newest(lines: list[dict[str, Any]], of: str) -> dict[str, dict[str, Any]]:
    """The last run of each test at the commit."""
    return {line["test"]: line for line in lines if line["commit"] == of}


def table(runs: dict[str, dict[str, Any]]) -> Table:
    """One row per test, all its seeds together."""
    shown = Table("fault", "test", "passed", "failed seeds", "documents", "no answer", "longest until quiet", box=None)
    by_test: dict[tuple[int, str], list[dict[str, Any]]] = defaultdict(list)
    for name, line in runs.items():
        by_test[line["fault"], name.rpartition("::")[2].partition("[")[0]].append(line)
    for (fault, name), lines in sorted(by_test.items()):
        figures = [line["figures"] for line in lines]
        shown.add_row(
            str(fault),
            name.removeprefix("test_").replace("_", " "),
            f"{sum(line['outcome'] == 'passed' for line in lines)} of {len(lines)}",
            ", ".join(sorted(str(line["seed"]) for line in lines if line["outcome"] != "passed")),
            str(sum(each.get("documents", 0) for each in figures)),
            str(sum(each.get("attempts without an answer", 0) for each in figures)),
            f"{max((each.get('seconds until quiet', 0) for each in figures), default=0)} s",
        )
    return shown


def main() -> int:
    runs = newest(kept(), commit())
    Console(width=200).print(table(runs) if runs else "No fault has been run at this commit.")
    return 0 if runs and all(line["outcome"] == "passed" for line in runs.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
