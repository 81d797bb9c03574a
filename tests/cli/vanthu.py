"""The command line as its users run it: in processes of their own, of which only `up` is a new interpreter."""

import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from services.chassis.settings import ChassisSettings
from services.embedded import Endpoints
from tests.nursery import run

COMMAND = [sys.executable, "-m", "services.cli"]
READY_SECONDS, RUN_SECONDS = 60.0, 120.0
OFFICE_FILE = Path(__file__).parents[2] / "services" / "demo" / "office.json"
PUBLISHED_FILE = OFFICE_FILE.with_name("published-2016.json")
PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"


@dataclass
class Vanthu:
    """One installation: a data folder, and topics and databases of its own on the shared servers."""

    data: Path
    env: dict[str, str]

    def run(self, *arguments: str, succeeds: bool = True) -> subprocess.CompletedProcess[str]:
        done = run("services.cli", [*arguments, "--data", str(self.data)], self.env, RUN_SECONDS)
        assert not succeeds or done.returncode == 0, f"{arguments}: {done.stdout}{done.stderr}"
        return done

    def killed(self, point: str, *arguments: str) -> None:
        """The command, ended by SIGKILL when it comes to this point for the Nth time: `point:N` of the launcher."""
        proof = self.data.parent / f"struck-{uuid.uuid4().hex[:6]}"
        env = {**self.env, "FAULT": f"crash:{point}", "FAULT_PROOF": str(proof)}
        done = run("tests.faults.launcher", [*arguments, "--data", str(self.data)], env, RUN_SECONDS)
        assert done.returncode == -signal.SIGKILL, f"{arguments} was not killed: {done.stdout}{done.stderr}"
        assert proof.read_text() == point.rpartition(":")[0]

    def json(self, *arguments: str, succeeds: bool = True) -> Any:
        return json.loads(self.run(*arguments, "--json", succeeds=succeeds).stdout)

    def settings(self) -> ChassisSettings:
        named = {name.removeprefix("VANTHU_").lower(): value for name, value in self.env.items()}
        given: dict[str, Any] = {name: value for name, value in named.items() if name in ChassisSettings.model_fields}
        return ChassisSettings(**given)

    @contextmanager
    def up(self) -> Iterator["Up"]:
        """`vanthu up`, ready; ended by SIGTERM, which must lead to exit code 0."""
        up = self.start()
        try:
            up.until_ready()
            yield up
        finally:
            if up.process.poll() is None:
                up.process.send_signal(signal.SIGTERM)
                assert up.process.wait(60) == 0, up.log.read_text()[-3000:]

    def start(self) -> "Up":
        self.data.mkdir(parents=True, exist_ok=True)
        log = self.data.parent / f"up-{uuid.uuid4().hex[:6]}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [*COMMAND, "up", "--port", "0", "--data", str(self.data)],
                env=self.env,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        return Up(process, self.data / "run" / "up.json", log)


@dataclass
class Up:
    process: subprocess.Popen[bytes]
    note: Path
    log: Path

    def until_ready(self) -> None:
        ends = time.monotonic() + READY_SECONDS
        while not (self.note.exists() and self.noted["pid"] == self.process.pid):
            assert self.process.poll() is None, self.log.read_text()[-3000:]
            assert time.monotonic() < ends, self.log.read_text()[-3000:]
            time.sleep(0.1)

    @property
    def noted(self) -> dict[str, Any]:
        result: dict[str, Any] = json.loads(self.note.read_text())
        return result

    def client(self, token: str) -> httpx.Client:
        headers = {"Authorization": f"Bearer {token}"}
        return httpx.Client(base_url=self.noted["url"], headers=headers, timeout=30)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


def new_vanthu(servers: Endpoints, folder: Path, *, replication: int = 1) -> Vanthu:
    name = f"c{uuid.uuid4().hex[:10]}"
    vanthu = Vanthu(
        folder / "data",
        {
            **{key: value for key, value in os.environ.items() if not key.startswith("VANTHU_")},
            "VANTHU_MONGO_URL": servers.mongo_url,
            "VANTHU_KAFKA_BOOTSTRAP": servers.kafka_bootstrap,
            "VANTHU_MONGO_DATABASE_PREFIX": name,
            "VANTHU_KAFKA_TOPIC_PREFIX": name,
            "VANTHU_KAFKA_PARTITIONS": "2",
            "VANTHU_KAFKA_REPLICATION": str(replication),
        },
    )
    vanthu.run("topics", "create")
    return vanthu


def upload(
    client: httpx.Client,
    metadata: dict[str, Any],
    content: bytes = PDF,
    *,
    key: str | None = None,
    path: str = "documents",
) -> httpx.Response:
    files: dict[str, tuple[str | None, Any, str]] = {
        "metadata": (None, json.dumps(metadata), "application/json"),
        "file": ("scan.pdf", content, "application/pdf"),
    }
    headers = {"Idempotency-Key": key} if key else {}
    return client.post(f"/intake/api/v1/{path}", files=files, headers=headers)


def incoming(subject: str = "V/v tiêm chủng mở rộng", **changes: Any) -> dict[str, Any]:
    return {
        "kind": "cong_van",
        "issuer": "Sở Y tế",
        "issuer_level": "locality",
        "number": "12",
        "symbol": "12/SYT-NVY",
        "subject": subject,
        **changes,
    }
