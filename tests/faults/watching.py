"""A process's memory and connections while a fault goes on."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import psutil

from tests.faults.replica import Replica

MOST_GROWTH_MEGABYTES = 64
SAMPLE_SECONDS = 0.1
MEGABYTE = 1024 * 1024


@dataclass
class Watch:
    resident: list[int] = field(default_factory=list)

    @property
    def growth_megabytes(self) -> float:
        return round((max(self.resident) - self.resident[0]) / MEGABYTE, 1)


@asynccontextmanager
async def watched(replica: Replica) -> AsyncIterator[Watch]:
    """The process's memory, looked at many times a second."""
    watch = Watch()
    process = _process(replica)

    async def look() -> None:
        while True:
            watch.resident.append(process.memory_info().rss)
            await asyncio.sleep(SAMPLE_SECONDS)

    looking = asyncio.create_task(look())
    try:
        yield watch
    finally:
        looking.cancel()
        await asyncio.gather(looking, return_exceptions=True)


def _process(replica: Replica) -> psutil.Process:
    assert replica.process is not None
    return psutil.Process(replica.process.pid)
