"""Seeds, and what is kept of each run. `make test` runs the quick part with one seed, `make faults` all of it."""

import hashlib
import json
import os
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from services.embedded import Endpoints
from tests.bench.machine import size
from tests.faults.cluster import Cluster, running_cluster
from tests.faults.lab import Lab, opened_lab, removed
from tests.faults.wanted import seeds_of

SEEDS = os.environ.get("SEEDS") or "1"
EVERYTHING = bool(os.environ.get("FAULTS"))
RESULTS = Path(__file__).parents[2] / "var" / "faults" / "results.jsonl"
SHOWN = Path(__file__).parent / "shown"
"""What was saved of runs (`table --save`), so that a long run goes on with another clone and machine."""
TRIED = (
    "services",
    "tests/faults",
    "tests/cli/vanthu.py",
    "tests/conftest.py",
    "tests/eventually.py",
    "tests/harness.py",
    "tests/notify/receiver.py",
    "tests/nursery.py",
    "tests/offices.py",
    "tests/routing/small_office.py",
    "pyproject.toml",
    "requirements-dev.lock",
    ":(exclude,glob)tests/faults/test_*.py",
    ":(exclude,glob)tests/faults/mutations/*",
    ":(exclude,glob)**/*.md",
    ":(exclude)tests/faults/shown",
)
# What waits longest begins first, so that at the end nobody waits for one test alone.
LONGEST = (
    "test_17_killed",
    "test_10",
    "test_01",
    "test_05",
    "test_15",
    "test_19",
    "test_09",
    "test_16",
    "test_18",
    "test_03",
)
CODE = pytest.StashKey[dict[str, str]]()
FIGURES = pytest.StashKey[dict[str, Any]]()
LabOpener = Callable[[], AbstractAsyncContextManager[Lab]]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "seed" in metafunc.fixturenames:
        metafunc.parametrize("seed", seeds_of(SEEDS), ids="seed{}".format)


def pytest_configure(config: pytest.Config) -> None:
    try:
        seeds_of(SEEDS)
    except ValueError as error:
        raise pytest.UsageError(str(error)) from error
    config.stash[CODE] = {}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Without FAULTS only what is quick; with it nothing whose last run with this code has passed, longest first.

    Who only asks which tests there are is told of all.
    """
    if EVERYTHING and config.option.collectonly:
        return
    ours = [each for each in items if _is_ours(each)]
    if EVERYTHING:
        config.stash[CODE] |= {path: code(path) for path in {path_of(each.nodeid) for each in ours}}
    outcomes = {line["test"]: line["outcome"] for line in of_this_code(kept(), config.stash[CODE])}
    passed = {test for test, outcome in outcomes.items() if outcome == "passed"}
    left_out = [each for each in ours if _is_left_out(each, each.nodeid in passed)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [each for each in items if each not in left_out]
    if EVERYTHING:
        items.sort(key=_rank)


def _rank(item: pytest.Item) -> int:
    return next((rank for rank, name in enumerate(LONGEST) if item.path.name.startswith(name)), len(LONGEST))


def _is_ours(item: pytest.Item) -> bool:
    return Path(__file__).parent in item.path.parents and item.get_closest_marker("fault") is not None


def _is_left_out(item: pytest.Item, passed: bool) -> bool:
    return passed if EVERYTHING else item.get_closest_marker("quick") is None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    report = yield
    if EVERYTHING and _is_ours(item) and (report.when == "call" or not report.passed):
        _keep(item, report)
    return report


def _keep(item: pytest.Item, report: pytest.TestReport) -> None:
    marker = item.get_closest_marker("fault")
    assert marker is not None
    line = {
        "fault": marker.args[0],
        "test": item.nodeid,
        "seed": getattr(item, "callspec").params.get("seed") if hasattr(item, "callspec") else None,  # noqa: B009
        "code": _code_of(item),
        "outcome": report.outcome,
        "seconds": round(report.duration, 1),
        "at": round(time.time()),
        "machine": size(),
        "figures": item.stash.get(FIGURES, {}),
    }
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    with RESULTS.open("a") as file:
        file.write(json.dumps(line) + "\n")


def kept() -> list[dict[str, Any]]:
    return lines_of(RESULTS)


def lines_of(path: Path, shown: Path = SHOWN) -> list[dict[str, Any]]:
    """What was kept here, and what was saved under the same name; what is in both counts once."""
    texts = [each.read_text() for each in (shown / path.name, path) if each.exists()]
    return [json.loads(line) for line in dict.fromkeys("".join(texts).splitlines())]


def save(lines: Iterable[dict[str, Any]], path: Path, shown: Path = SHOWN) -> None:
    """Instead of what was saved under this name before."""
    shown.mkdir(exist_ok=True)
    (shown / path.name).write_text("".join(json.dumps(line) + "\n" for line in lines))


def path_of(test: str) -> str:
    return test.partition("::")[0]


def of_this_code(lines: list[dict[str, Any]], codes: dict[str, str]) -> list[dict[str, Any]]:
    """What was kept of these test files as they are; `codes` by the path of the file."""
    return [line for line in lines if line["code"] == codes.get(path_of(line["test"]))]


def code(path: str, *more: str) -> str:
    """Of what the tests at these paths have shown: the product, what the tests share, and themselves.

    Commits that change other things have one result with those before. What is not committed yet counts as other code
    each time.
    """
    both = (TRIED, (path, *more))
    if any(_git("status", "--porcelain", "--", *each) for each in both):
        return f"not committed {time.time_ns()}"
    tried = "\n".join(_git("ls-files", "--stage", "--", *each) for each in both)
    return hashlib.sha256(tried.encode()).hexdigest()[:12]


def head() -> str:
    return _git("rev-parse", "--short", "HEAD")


def _code_of(item: pytest.Item) -> str:
    """Of the whole run; a run during which the code was changed has shown nothing of either."""
    path = path_of(item.nodeid)
    begun = item.config.stash[CODE][path]
    return begun if begun == code(path) else f"changed in mid-run {begun}"


def _git(*arguments: str) -> str:
    root = Path(__file__).parents[2]
    return subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture
def figures(request: pytest.FixtureRequest) -> dict[str, Any]:
    """What the test has measured; kept with its result."""
    found: dict[str, Any] = {}
    request.node.stash[FIGURES] = found
    return found


@pytest.fixture
def new_lab(servers: Endpoints, tmp_path: Path) -> LabOpener:
    """On the servers of the whole run, which are rid of it afterwards."""

    @asynccontextmanager
    async def opened() -> AsyncIterator[Lab]:
        async with opened_lab(servers, tmp_path) as lab:
            yield lab
        await removed(lab.place)

    return opened


@pytest.fixture(scope="module")
def shared_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with running_cluster(tmp_path_factory.mktemp("cluster")) as cluster:
        yield cluster


@pytest.fixture
def cluster(shared_cluster: Cluster) -> Cluster:
    """Three mongods and three brokers; all of them run, whatever the test before has done to them."""
    shared_cluster.heal()
    return shared_cluster
