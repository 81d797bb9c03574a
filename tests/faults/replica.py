"""One process of services, as ops would run it, that a test may kill, stop, freeze and start again."""

import asyncio
import contextlib
import os
import random
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psutil

from services.embedded.ports import LOOPBACK, is_free
from tests.nursery import Forked, Job, start

READY_SECONDS, WARM_SECONDS = 40.0, 5.0
GRACE_SECONDS = 30.0
PORTS, GUARD_ADDRESS = (12_000, 19_999), "127.0.0.2"
_guards: list[socket.socket] = []


def reserved_port() -> int:
    """Nobody else's as long as this process lives, also while its replica is down.

    It is kept by a socket on another address of loopback, and is none that embedded servers choose.
    """
    while True:
        guard = socket.socket()
        with contextlib.suppress(OSError):
            guard.bind((GUARD_ADDRESS, random.SystemRandom().randint(*PORTS)))
            port: int = guard.getsockname()[1]
            if is_free(port):
                _guards.append(guard)
                return port
        guard.close()


@dataclass(frozen=True)
class Usage:
    """What a process holds: resident memory, and descriptors of files, sockets and all else."""

    memory_mb: float
    handles: int

    def beyond(self, other: "Usage") -> "Usage":
        return Usage(self.memory_mb - other.memory_mb, self.handles - other.handles)

    def or_more(self, other: "Usage") -> "Usage":
        return Usage(max(self.memory_mb, other.memory_mb), max(self.handles, other.handles))


@dataclass
class Replica:
    """`fault` goes to `tests.faults.launcher`, which is the only code that knows how to break a service."""

    name: str
    services: Sequence[str]
    env: Mapping[str, str]
    folder: Path
    port: int = field(default_factory=reserved_port)
    process: "Forked | subprocess.Popen[bytes] | None" = None
    most_growth: Usage = field(default_factory=lambda: Usage(0.0, 0))
    _when_ready: "Usage | None" = None
    _started_at: float = 0.0

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def log(self) -> Path:
        return self.folder / f"{self.name}.log"

    @property
    def struck(self) -> Path:
        """There once the fault that was asked for has happened in this process."""
        return self.folder / f"{self.name}.struck"

    @property
    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    @property
    def is_stopped(self) -> bool:
        """Frozen, by whomever."""
        assert self.process is not None
        return psutil.Process(self.process.pid).status() == psutil.STATUS_STOPPED

    def start(self, fault: str = "") -> None:
        assert not self.alive
        self.struck.unlink(missing_ok=True)
        self._when_ready, self._started_at = None, time.monotonic()
        env = {**self.env, "VANTHU_INSTANCE": self.name, "FAULT": fault, "FAULT_PROOF": str(self.struck)}
        arguments = ("serve", *self.services, "--port", str(self.port))
        self.process = start(Job("tests.faults.launcher", arguments, env, str(self.log), str(self.log)))

    async def until_ready(self, seconds: float = READY_SECONDS) -> float:
        """How long it took, in seconds."""
        started = time.monotonic()
        async with httpx.AsyncClient(base_url=self.url, timeout=5) as client:
            while not await self._is_ready(client):
                assert self.alive, f"{self.name} ended by itself: {self.last_words()}"
                assert time.monotonic() - started < seconds, f"{self.name} is not ready: {self.last_words()}"
                await asyncio.sleep(0.05)
        self._when_ready = self.usage()
        return time.monotonic() - started

    def usage(self) -> Usage:
        assert self.process is not None
        process = psutil.Process(self.process.pid)
        return Usage(process.memory_info().rss / 1e6, process.num_fds())

    def kept_handles(self) -> int:
        """How many more than when it was ready. Who is connected to it keeps a handle of it and is not counted; a
        dead one has held nothing for long.
        """
        with contextlib.suppress(psutil.Error):  # it may die at any moment
            if self.alive and self._when_ready:
                return self.usage().handles - self._when_ready.handles - self.connections()
        return 0

    def connections(self) -> int:
        """That others hold to it at this moment."""
        assert self.process is not None
        found = psutil.Process(self.process.pid).net_connections("tcp")
        return sum(each.status == psutil.CONN_ESTABLISHED and each.laddr.port == self.port for each in found)

    def starved_seconds(self) -> float:
        """How long its main thread could have worked, and others had the processors."""
        assert self.process is not None
        _, waited_nanoseconds, _ = Path(f"/proc/{self.process.pid}/schedstat").read_text().split()
        return int(waited_nanoseconds) / 1e9

    def look(self) -> None:
        """Keep the most that its processes have grown since each was ready, or some seconds old."""
        with contextlib.suppress(psutil.Error):  # it may die at any moment
            if self.alive and self._when_ready:
                self.most_growth = self.most_growth.or_more(self.usage().beyond(self._when_ready))
            elif self.alive and time.monotonic() > self._started_at + WARM_SECONDS:
                self._when_ready = self.usage()

    async def _is_ready(self, client: httpx.AsyncClient) -> bool:
        try:
            answers = [await client.get(f"/{name}/health/ready") for name in self.services]
        except httpx.HTTPError:
            return False
        return all(answer.status_code == 200 for answer in answers)

    def signal(self, number: int) -> None:
        assert self.process is not None
        os.kill(self.process.pid, number)

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def freeze(self) -> None:
        self.signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self.signal(signal.SIGCONT)

    async def until_ended(self, seconds: float) -> int:
        """Its exit code; fails when it goes on for longer."""
        ends = time.monotonic() + seconds
        assert self.process is not None
        while (code := self.process.poll()) is None:
            assert time.monotonic() < ends, f"{self.name} has not ended within {seconds} s: {self.last_words()}"
            await asyncio.sleep(0.02)
        return code

    async def terminate(self) -> int:
        """The exit code after SIGTERM."""
        self.signal(signal.SIGTERM)
        return await self.until_ended(GRACE_SECONDS)

    def last_words(self) -> str:
        return self.log.read_text(errors="replace")[-2000:] if self.log.exists() else ""
