"""A small demo from an empty folder to its end, interrupted once on the way; on servers that run already."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest
from pydantic import SecretStr

from services.chassis.settings import ChassisSettings
from services.demo.folder import DemoFolder
from services.demo.ledger import entries
from services.embedded import Endpoints
from tests.conftest import drop_databases

DOCUMENTS, ENOUGH = 120, 30
DEADLINE_SECONDS = 150


def heed_interrupts() -> None:
    """A shell starts what runs in its background deaf to Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Demo:
    def __init__(self, data: Path, servers: Endpoints) -> None:
        self.data = data
        here = {name: value for name, value in os.environ.items() if not name.startswith("VANTHU_")}
        self._environment = here | {
            "VANTHU_MONGO_URL": servers.mongo_url,
            "VANTHU_KAFKA_BOOTSTRAP": servers.kafka_bootstrap,
            "VANTHU_KAFKA_REPLICATION": "1",
            "VANTHU_KAFKA_PARTITIONS": "2",
            "COLUMNS": "100",
        }

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "services.cli", "demo", "--data", str(self.data), *arguments],
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            preexec_fn=heed_interrupts,  # noqa: PLW1509 - before any thread of the child
        )

    def answered(self) -> int:
        return sum(1 for _ in entries(self.data / "demo"))

    def left_running(self) -> list[str]:
        found = []
        for process in psutil.process_iter(["cmdline"]):
            command = " ".join(process.info["cmdline"] or [])
            if str(self.data) in command:
                found.append(command)
        return found


@pytest.fixture
async def demo(servers: Endpoints, tmp_path: Path) -> AsyncIterator[Demo]:
    yield Demo(tmp_path / "demo", servers)
    marker = DemoFolder(tmp_path / "demo").marker()
    if marker:
        url = SecretStr(servers.mongo_url)
        await drop_databases(ChassisSettings(mongo_url=url, mongo_database_prefix=marker.prefix))


@pytest.mark.timeout(2 * DEADLINE_SECONDS)
def test_an_interrupted_demo_is_finished_with_every_document_once(demo: Demo) -> None:
    first = demo.start("--documents", str(DOCUMENTS))
    ends = time.monotonic() + DEADLINE_SECONDS
    while demo.answered() < ENOUGH and first.poll() is None and time.monotonic() < ends:
        time.sleep(0.05)
    first.send_signal(signal.SIGINT)
    said, _ = first.communicate(timeout=60)
    assert first.returncode == 130, said
    assert "--continue" in said
    assert demo.left_running() == []

    said, _ = demo.start("--continue").communicate(timeout=DEADLINE_SECONDS)
    assert "ok  numbers: contiguous, unique and in order of time (120 entries" in said
    assert "1,092 in and 66 out not explained by the published categories" in said
    assert "claims no equality" in said
    assert "bad" not in said
    assert len({entry.key for entry in entries(demo.data / "demo")}) == DOCUMENTS
    assert demo.left_running() == []
