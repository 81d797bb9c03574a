"""Scanners that post for as long as something else goes on."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

from tests.faults.ledger import Paper
from tests.faults.load import Senders

PAUSE_SECONDS = 0.1


@asynccontextmanager
async def traffic(senders: Senders, post: Iterator[Paper], *, connections: int = 4) -> AsyncIterator[None]:
    """All through the block; what has had no answer at its end stays open."""
    enough = asyncio.Event()

    async def work() -> None:
        while not enough.is_set():
            await senders.work(post, count=2 * connections, connections=connections)
            await asyncio.sleep(PAUSE_SECONDS)

    working = asyncio.create_task(work())
    try:
        yield
    finally:
        enough.set()
        await working
