"""`make faults` keeps what each part of the bad inputs has shown with this code, and makes none of it a second time."""

import json
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from tests.bad_input.budget import Account
from tests.faults.conftest import EVERYTHING, RESULTS, code, lines_of

KEPT = RESULTS.with_name("bad_inputs.jsonl")
FOLDER = Path(__file__).parent
Outcomes = dict[Path, dict[str, str]]
OUTCOMES = pytest.StashKey[Outcomes]()
BEGUN = pytest.StashKey[str]()
MORE = ("tests/bad_input", "tests/chassis", "tests/examples", "tests/intake")
COLLECTED = pytest.StashKey[dict[Path, set[str]]]()


def pytest_configure(config: pytest.Config) -> None:
    outcomes: Outcomes = defaultdict(dict)
    collected: dict[Path, set[str]] = defaultdict(set)
    config.stash[OUTCOMES], config.stash[COLLECTED] = outcomes, collected
    config.stash[BEGUN] = here() if EVERYTHING else ""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    ours = [(item, account) for item in items if (account := _account(item))]
    done = passed_parts() if EVERYTHING else {}
    left_out = {item for item, account in ours if done.get(account.part, 0) >= account.promised}
    if left_out:
        config.hook.pytest_deselected(items=list(left_out))
        items[:] = [each for each in items if each not in left_out]
    for item, _ in ours:
        if item not in left_out:
            config.stash[COLLECTED][item.path].add(item.nodeid)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    report = yield
    account = _account(item) if EVERYTHING else None
    if account and (report.when == "call" or report.failed):
        outcomes = item.config.stash[OUTCOMES][item.path]
        outcomes[item.nodeid] = report.outcome
        if set(outcomes) == item.config.stash[COLLECTED][item.path]:
            keep(account, outcomes, item.config.stash[BEGUN])
    return report


def _account(item: pytest.Item) -> Account | None:
    """Of the part that the test's module is; modules without one make up nothing."""
    found = getattr(getattr(item, "module", None), "ACCOUNT", None)
    return found if isinstance(found, Account) and FOLDER in item.path.parents else None


def keep(account: Account, outcomes: dict[str, str], begun: str, path: Path = KEPT) -> None:
    """A run during which the code was changed has shown nothing of either."""
    of = begun if begun == here() else f"changed in mid-run {begun}"
    failed = sorted(name for name, outcome in outcomes.items() if outcome != "passed")
    of_services = {name: [each.made, each.accepted] for name, each in account.of_services().items()}
    line = account.as_dict() | {"services": of_services, "failed": failed, "code": of, "at": round(time.time())}
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")


def kept(path: Path = KEPT) -> list[dict[str, Any]]:
    return lines_of(path)


def here() -> str:
    return code(*MORE)


def of_this_code(lines: list[dict[str, Any]], of: str) -> dict[str, dict[str, Any]]:
    """The last account of each part, with whatever failed in an earlier one: a green repetition takes no red run away."""
    found: dict[str, dict[str, Any]] = {}
    for line in lines:
        if line["code"] == of:
            before = found.get(line["part"], {"failed": []})["failed"]
            found[line["part"]] = line | {"failed": sorted({*before, *line["failed"]})}
    return found


def passed_parts() -> dict[str, int]:
    """How many inputs each part was already made with, and nothing failed."""
    of = here()
    last = {line["part"]: line for line in kept() if line["code"] == of}
    return {part: line["made"] for part, line in last.items() if not line["failed"]}
