"""Alive, and ready: two different questions.

Alive: the process makes progress by itself. Ready: an HTTP request would be served. A database that is
down makes a service not ready; it never makes it dead, because a restart would not help.
"""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

HEARTBEAT_SECONDS = 30.0


@dataclass(frozen=True)
class Verdict:
    name: str
    ok: bool
    detail: str = ""


Check = Callable[[], Awaitable[Verdict]]


class Heartbeat:
    """A loop beats; silence for longer than `limit_seconds` means that it hangs or has ended."""

    def __init__(self, name: str, limit_seconds: float = HEARTBEAT_SECONDS) -> None:
        self.name = name
        self._limit_seconds = limit_seconds
        self._last = time.monotonic()

    def beat(self) -> None:
        self._last = time.monotonic()

    async def verdict(self) -> Verdict:
        silent_seconds = time.monotonic() - self._last
        ok = silent_seconds < self._limit_seconds
        return Verdict(self.name, ok, "" if ok else f"silent for {silent_seconds:.0f} s")


class Health:
    """The checks of one service. `started` turns true when all its parts run."""

    def __init__(self, service: str) -> None:
        self.service = service
        self.started = False
        self.live_checks: list[Check] = []
        self.ready_checks: list[Check] = []

    async def live(self) -> list[Verdict]:
        return [await check() for check in self.live_checks]

    async def ready(self) -> list[Verdict]:
        started = Verdict("started", self.started, "" if self.started else "still starting")
        return [started, *[await check() for check in self.ready_checks]]
