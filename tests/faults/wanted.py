"""Every test of a fault that there is, with every seed that is asked for: what a table of all faults has to show.

Asked of pytest itself: a worker that died has kept nothing of the tests that it had before it.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
FIRST_SEED = 1
ANY_SEED = "seed*"
SEED = re.compile(r"\bseed(\d+)\b")
FAULT = re.compile(r"/test_(\d+)_")


def seeds_of(text: str) -> range:
    """`20` are the seeds 1 to 20, `3-8` those from 3 to 8. Raises ValueError, which says what to write."""
    found = re.fullmatch("(?:([0-9]{1,9})-)?([0-9]{1,9})", text.strip())
    first, last = (int(found[1] or FIRST_SEED), int(found[2])) if found else (0, 0)
    if not FIRST_SEED <= first <= last:
        raise ValueError(f"SEEDS={text} names no seeds. Write SEEDS=20 for the seeds 1 to 20, or SEEDS=3-8 for 3 to 8.")
    return range(first, last + 1)


def collected() -> list[str]:
    """Each test with its first seed, also what has passed already."""
    options = ("--collect-only", "-q", "-p", "no:cacheprovider", "-m", "fault")
    command = [sys.executable, "-m", "pytest", *options, str(HERE)]
    env = {**os.environ, "FAULTS": "all", "SEEDS": str(FIRST_SEED)}
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"Which tests there are cannot be found out:\n{done.stdout}{done.stderr}")
    return [line for line in done.stdout.splitlines() if line.startswith("tests/faults/") and "::" in line]


def with_seeds(tests: Iterable[str], seeds: Iterable[int]) -> set[str]:
    """`tests` have one seed; those that draw nothing are run once."""
    wanted = list(seeds)
    return {SEED.sub(f"seed{seed}", test) for test in tests for seed in wanted}


def seed_of(test: str) -> int | None:
    found = SEED.search(test)
    return int(found[1]) if found else None


def case_of(test: str) -> str:
    """The test with its parameters, whatever its seed."""
    return SEED.sub(ANY_SEED, test)


def draws(case: str) -> bool:
    return ANY_SEED in case


def fault_of(test: str) -> int:
    found = FAULT.search(test)
    assert found, f"{test} is in no file that is named by its fault"
    return int(found[1])


def name_of(test: str) -> str:
    return test.rpartition("::")[2].partition("[")[0]
