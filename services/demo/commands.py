"""Vanthu's own commands as child processes: `vanthu up` behind the demo, and the short ones it needs."""

import asyncio
import contextlib
import json
import os
import signal
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil

from services.demo.failure import DemoFailure
from services.demo.folder import Marker
from services.embedded.process import end_with_parent

VANTHU = (sys.executable, "-m", "services.cli")
START_SECONDS, STOP_SECONDS, LOOK_SECONDS = 300.0, 60.0, 0.1
SHOWN_LINES = 12
NOTE = Path("run") / "up.json"


@dataclass(frozen=True)
class Up:
    """What `vanthu up` notes of itself when it is ready."""

    pid: int
    url: str
    mongo_url: str
    kafka_bootstrap: str
    metrics_token: str


@dataclass(frozen=True)
class Finished:
    code: int
    output: str
    complaints: str


def environment(marker: Marker) -> dict[str, str]:
    """On servers of others the demo has databases and topics of its own; on its own it needs no other names."""
    here = dict(os.environ)
    if here.get("VANTHU_MONGO_URL") or here.get("VANTHU_KAFKA_BOOTSTRAP"):
        here |= {"VANTHU_MONGO_DATABASE_PREFIX": marker.prefix, "VANTHU_KAFKA_TOPIC_PREFIX": marker.prefix}
    return here


class Commands:
    """Every command is about the demo's data folder."""

    def __init__(self, data: Path, variables: Mapping[str, str]) -> None:
        self._data = data
        self._variables = variables

    async def run(self, *arguments: str) -> Finished:
        child = await asyncio.create_subprocess_exec(
            *VANTHU,
            *arguments,
            "--data",
            str(self._data),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=self._variables,
            start_new_session=True,
        )
        try:
            output, complaints = await child.communicate()
        except asyncio.CancelledError:
            await ended(child)
            raise
        return Finished(child.returncode or 0, output.decode(), complaints.decode())

    async def output(self, *arguments: str) -> str:
        """Raises DemoFailure when the command fails."""
        done = await self.run(*arguments)
        if done.code:
            raise DemoFailure(f"`vanthu {' '.join(arguments)}` failed: {done.complaints.strip()}", CONTINUE)
        return done.output


CONTINUE = "Nothing is lost. Go on with `make demo CONTINUE=1` (`vanthu demo --continue`)."


class UpCommand:
    """`vanthu up` as a child that ends with the demo, however the demo ends."""

    def __init__(self, data: Path, log: Path, variables: Mapping[str, str]) -> None:
        self._data = data
        self._log = log
        self._variables = variables
        self._child: asyncio.subprocess.Process | None = None

    async def start(self) -> Up:
        """Returns when it is ready; raises DemoFailure with the end of its log when it ends instead."""
        await self._wait_for_an_earlier_one()
        (self._data / NOTE).unlink(missing_ok=True)
        with self._log.open("ab") as log:
            self._child = await asyncio.create_subprocess_exec(
                *VANTHU,
                *("up", "--data", str(self._data), "--port", "0"),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self._variables,
                start_new_session=True,  # Ctrl-C is for the demo, which then stops it in order
                preexec_fn=end_with_parent(),
            )
        return await self._ready()

    async def _ready(self) -> Up:
        ends = time.monotonic() + START_SECONDS
        while time.monotonic() < ends:
            self.require_running()
            if (up := _noted(self._data)) is not None:
                return up
            await asyncio.sleep(LOOK_SECONDS)
        raise DemoFailure(f"`vanthu up` was not ready within {START_SECONDS:.0f} s.{self._excerpt()}", CONTINUE)

    def require_running(self) -> None:
        """Raises DemoFailure when it has ended by itself."""
        if self._child and self._child.returncode is not None:
            raise DemoFailure(
                f"`vanthu up` đã dừng. · `vanthu up` ended with code {self._child.returncode}.{self._excerpt()}",
                CONTINUE,
            )

    async def stop(self) -> None:
        if self._child:
            await ended(self._child, STOP_SECONDS)

    async def _wait_for_an_earlier_one(self) -> None:
        """A killed demo's `vanthu up` is told to stop by the system; where it was not, it is told here."""
        up = _noted(self._data)
        process = _process_of(up, self._data) if up else None
        if process is None:
            return
        with contextlib.suppress(psutil.Error):
            process.terminate()
            await asyncio.to_thread(process.wait, STOP_SECONDS)
        if process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
            raise DemoFailure(f"`vanthu up` of an earlier demo does not stop (process {process.pid}).", CONTINUE)

    def _excerpt(self) -> str:
        try:
            lines = self._log.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            lines = []
        return f"\nThe last lines of {self._log}:" + "".join(f"\n  | {line[:300]}" for line in lines[-SHOWN_LINES:])


def running_up(data: Path) -> bool:
    """Whether a `vanthu up` runs in the folder now."""
    up = _noted(data)
    return up is not None and _process_of(up, data) is not None


def _noted(data: Path) -> Up | None:
    try:
        return Up(**json.loads((data / NOTE).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def _process_of(up: Up, data: Path) -> psutil.Process | None:
    """Only a process that is a `vanthu up` of this folder; the number alone may be somebody else's by now."""
    try:
        process = psutil.Process(up.pid)
        command = process.cmdline()
    except psutil.Error:
        return None
    return process if "up" in command and str(data) in command else None


async def ended(child: asyncio.subprocess.Process, within_seconds: float = 10.0) -> None:
    """Ask the process to stop, and make it when it does not."""
    if child.returncode is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        child.send_signal(signal.SIGTERM)
    try:
        await asyncio.wait_for(child.wait(), within_seconds)
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            child.kill()
        await child.wait()
