"""Refreshes gauges that cost a query, every few seconds."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

from pymongo.errors import PyMongoError

PERIOD_SECONDS = 5.0


class Gauging:
    def __init__(self, measure: Callable[[], Awaitable[None]]) -> None:
        self._measure = measure
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="gauging")

    async def stop(self) -> None:
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            with contextlib.suppress(PyMongoError):
                await self._measure()
            await asyncio.sleep(PERIOD_SECONDS)
