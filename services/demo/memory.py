"""How much memory each process of the demo holds at its peak."""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass

import psutil

LOOK_SECONDS = 1.0
MEGABYTE = 1024 * 1024


@dataclass
class Held:
    """Resident memory at its peak, in bytes."""

    peak: int = 0

    def see(self, size: int) -> None:
        self.peak = max(self.peak, size)


class Memory:
    """`processes` names what runs now: names to process ids."""

    def __init__(self, processes: Callable[[], dict[str, int]]) -> None:
        self._processes = processes
        self.held: dict[str, Held] = {}

    async def watch(self) -> None:
        while True:
            self.look()
            await asyncio.sleep(LOOK_SECONDS)

    def look(self) -> None:
        for name, pid in self._processes().items():
            with contextlib.suppress(psutil.Error):
                self.held.setdefault(name, Held()).see(psutil.Process(pid).memory_info().rss)


def servers_of(pid: int) -> dict[str, int]:
    """The embedded servers among a process's children; a process that has gone has none."""
    found: dict[str, int] = {}
    with contextlib.suppress(psutil.Error):
        for child in psutil.Process(pid).children():
            with contextlib.suppress(psutil.Error):
                name = child.name()
                if name == "mongod":
                    found["MongoDB (mongod)"] = child.pid
                elif name.startswith("java"):
                    found["Kafka (java)"] = child.pid
    return found
