"""A data folder in which both servers have run once and were stopped, with the proof in it."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from services.embedded import EmbeddedServers
from services.embedded.jars import checked_jars, jar_folder

from .proof import leave_proof

ROOT = Path(__file__).parents[2]


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture(scope="session")
def fetched_jars() -> Path:
    checked_jars(print)
    return jar_folder()


@pytest.fixture(scope="session")
def used_folder(tmp_path_factory: pytest.TempPathFactory, fetched_jars: Path) -> Path:
    # Spaces, commas and Vietnamese letters are what people's folders have, and Kafka's settings can't hold.
    folder = tmp_path_factory.mktemp("embedded") / "Văn thư, sở 1"
    with EmbeddedServers(folder) as servers:
        leave_proof(servers.start())
    return folder


Run = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def run_module() -> Iterator[Run]:
    """Starts `python -m MODULE ARGUMENTS` beside the test, and ends it after the test if it still runs."""
    children: list[subprocess.Popen[str]] = []

    def run(*arguments: str, environment: dict[str, str] | None = None) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", *arguments]
        env = dict(os.environ) if environment is None else environment
        child = subprocess.Popen(command, cwd=ROOT, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        children.append(child)
        return child

    yield run
    for child in children:
        child.terminate()
        child.communicate(timeout=60)


def ended(pid: int, *, within_seconds: float) -> bool:
    try:
        psutil.Process(pid).wait(within_seconds)
    except psutil.NoSuchProcess:
        return True
    except psutil.TimeoutExpired:
        return False
    return True
