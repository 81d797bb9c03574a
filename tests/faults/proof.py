"""What stands above the tables on ops' page: when all of it was shown, with which code and seeds, on what machine."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

SEEDS_AIMED_AT = 20
MORE_SEEDS = "Some tests were run with more: the table says with how many each has passed."
SAME_CODE = (
    "A commit that changes nothing but pages, tools or tests of other things has one result with the commits before it: "
    "some of it may have been shown with one of those."
)


def said(
    lines: Sequence[Mapping[str, Any]],
    inputs: Iterable[Mapping[str, Any]],
    seeds: Collection[frozenset[int]],
    commit: str,
    servers: Mapping[str, str],
) -> str:
    """`seeds` are those of each test that draws; what every one of them has passed with is what was shown."""
    common = frozenset.intersection(*seeds)
    machines = " and ".join(sorted({line["machine"] for line in lines}))
    versions = ", ".join(f"{name} {version}" for name, version in sorted(servers.items()))
    shown = (
        f"Shown {_days([*lines, *inputs])} with commit `{commit}` and {_ranges(common)}, on {machines} ({versions})."
    )
    reached = " ".join([_reached(len(common)), *([MORE_SEEDS] if any(each > common for each in seeds) else [])])
    return f"{shown} {SAME_CODE}\n\n{reached}\n"


def _days(lines: Iterable[Mapping[str, Any]]) -> str:
    days = sorted({datetime.fromtimestamp(line["at"], UTC).date().isoformat() for line in lines})
    return f"on {days[0]} (UTC)" if len(days) == 1 else f"from {days[0]} to {days[-1]} (UTC)"


def _reached(count: int) -> str:
    aim = f"{SEEDS_AIMED_AT} seeds each are aimed at"
    if count < SEEDS_AIMED_AT:
        return f"{aim}; {count} {'was' if count == 1 else 'were'} run."
    return f"{aim}, and {count} were run."


def _ranges(seeds: Collection[int]) -> str:
    """`the seeds 1 to 3, 7`: neighbours together."""
    runs = [[seed for _, seed in each] for _, each in groupby(enumerate(sorted(seeds)), lambda pair: pair[1] - pair[0])]
    texts = [str(run[0]) if len(run) == 1 else f"{run[0]} to {run[-1]}" for run in runs]
    return f"{'the seed' if len(seeds) == 1 else 'the seeds'} {', '.join(texts)}"
