"""Processes of the benchmark's own, which answer in JSON on their standard output."""

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

START_SECONDS, STOP_SECONDS = 120.0, 40.0
LONGEST_RUN_SECONDS = 2 * 3600.0
LONGEST_LINE_BYTES = 64 * 1024 * 1024


class ChildFailed(Exception):
    """A process of the benchmark has not done what it was started for."""


@dataclass(frozen=True)
class Child:
    """`told` is what it said first."""

    process: psutil.Process
    told: dict[str, Any]
    own: asyncio.subprocess.Process

    async def kill(self) -> None:
        """As by kill -9; returns when it has gone."""
        self.own.kill()
        await self.own.wait()


def tell(**figures: Any) -> None:
    """One answer to whoever started this process."""
    with os.fdopen(sys.stdout.fileno(), "wb", closefd=False) as output:  # unbuffered, Python may write only a part
        output.write(json.dumps(figures).encode() + b"\n")


async def answer_of(
    module: str, *arguments: str, env: Mapping[str, str], log: Path, seconds: float = LONGEST_RUN_SECONDS
) -> dict[str, Any]:
    """What the module said when it ran to its end. Raises ChildFailed, also where that takes longer than `seconds`."""
    process = await _start(module, arguments, env, log)
    try:
        output, _ = await asyncio.wait_for(process.communicate(), seconds)
    except TimeoutError as late:
        await _end(process)
        raise ChildFailed(f"{module} has no end within {seconds:.0f} s: {_tail(log)}") from late
    except BaseException:
        await _end(process)
        raise
    if process.returncode:
        raise ChildFailed(f"{module} ended with {process.returncode}: {_tail(log)}")
    answer: dict[str, Any] = json.loads(output.splitlines()[-1])
    return answer


@asynccontextmanager
async def running(module: str, *arguments: str, env: Mapping[str, str], log: Path) -> AsyncIterator[Child]:
    """The module's process once it has said its first line; asked to stop at the end."""
    process = await _start(module, arguments, env, log)
    try:
        assert process.stdout is not None
        try:
            line = await asyncio.wait_for(process.stdout.readline(), START_SECONDS)
        except TimeoutError as late:
            raise ChildFailed(f"{module} did not start within {START_SECONDS:.0f} s: {_tail(log)}") from late
        if not line:
            raise ChildFailed(f"{module} did not start: {_tail(log)}")
        yield Child(psutil.Process(process.pid), json.loads(line), process)
    finally:
        await _end(process)


async def _start(
    module: str, arguments: tuple[str, ...], env: Mapping[str, str], log: Path
) -> asyncio.subprocess.Process:
    with log.open("ab") as complaints:
        return await asyncio.create_subprocess_exec(
            sys.executable, "-m", module, *arguments,
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=complaints,
            env=dict(env), limit=LONGEST_LINE_BYTES,
        )  # fmt: skip


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(signal.SIGTERM)
    try:
        await asyncio.wait_for(process.wait(), STOP_SECONDS)
    except TimeoutError:
        process.kill()
        await process.wait()


def _tail(log: Path) -> str:
    """Its last words, the very last first: whoever shortens them keeps the cause."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()[-25:]
    return "\n".join(reversed(lines))


def cpu_seconds(process: psutil.Process) -> float:
    """That the process has spent until now; 0 when it has gone."""
    try:
        times = process.cpu_times()
    except psutil.Error:
        return 0.0
    return float(times.user + times.system)
