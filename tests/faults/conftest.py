"""Seeds, and what is kept of each run. `make test` runs the quick part with one seed, `make faults` all of it."""

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest

from services.embedded import Endpoints
from tests.faults.cluster import Cluster, running_cluster
from tests.faults.lab import Lab, opened_lab

SEEDS = int(os.environ.get("SEEDS", "1"))
EVERYTHING = bool(os.environ.get("FAULTS"))
RESULTS = Path(__file__).parents[2] / "var" / "faults" / "results.jsonl"
FIGURES = pytest.StashKey[dict[str, Any]]()
LabOpener = Callable[[], AbstractAsyncContextManager[Lab]]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "seed" in metafunc.fixturenames:
        metafunc.parametrize("seed", range(1, SEEDS + 1))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Without FAULTS only what is quick; with it nothing that this code has passed already."""
    here = code()
    passed = {line["test"] for line in kept() if line["outcome"] == "passed" and line["code"] == here}
    left_out = [each for each in items if _is_ours(each) and _is_left_out(each, each.nodeid in passed)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [each for each in items if each not in left_out]


def _is_ours(item: pytest.Item) -> bool:
    return Path(__file__).parent in item.path.parents and item.get_closest_marker("fault") is not None


def _is_left_out(item: pytest.Item, passed: bool) -> bool:
    return passed if EVERYTHING else item.get_closest_marker("quick") is None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    report = yield
    if EVERYTHING and _is_ours(item) and (report.when == "call" or report.failed):
        _keep(item, report)
    return report


def _keep(item: pytest.Item, report: pytest.TestReport) -> None:
    marker = item.get_closest_marker("fault")
    assert marker is not None
    line = {
        "fault": marker.args[0],
        "test": item.nodeid,
        "seed": getattr(item, "callspec").params.get("seed") if hasattr(item, "callspec") else None,  # noqa: B009
        "code": code(),
        "outcome": report.outcome,
        "seconds": round(report.duration, 1),
        "at": round(time.time()),
        "figures": item.stash.get(FIGURES, {}),
    }
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    with RESULTS.open("a") as file:
        file.write(json.dumps(line) + "\n")


def kept() -> list[dict[str, Any]]:
    return [json.loads(line) for line in RESULTS.read_text().splitlines()] if RESULTS.exists() else []


def code(*more: str) -> str:
    """The product and these tests as they are: a commit that changes other things only has the same results.

    What is not committed yet counts as other code each time. `more` are folders of other tests.
    """
    folders = ("services", "tests/faults", *more)
    if _git("status", "--porcelain", "--", *folders):
        return f"not committed {time.time_ns()}"
    return " ".join(_git("rev-parse", "--short=12", f"HEAD:{each}") for each in folders)


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
    return lambda: opened_lab(servers, tmp_path)


@pytest.fixture(scope="module")
def shared_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with running_cluster(tmp_path_factory.mktemp("cluster")) as cluster:
        yield cluster


@pytest.fixture
def cluster(shared_cluster: Cluster) -> Cluster:
    """Three mongods and three brokers; all of them run, whatever the test before has done to them."""
    shared_cluster.heal()
    return shared_cluster
