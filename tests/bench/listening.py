"""The live streams of many people, as their browsers hold them: one that ends is opened again where it stood."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import aiohttp

INBOX, STREAM, LEAD = "/notify/api/v1/inbox", "/notify/api/v1/inbox/stream", "awaits_you"
AGAIN_SECONDS, OPENING_SECONDS = 0.2, 60.0


class Streams:
    """`seen` is when each document's notice was first there, by the monotonic clock; `url` may change at any time."""

    def __init__(self, url: str, session: aiohttp.ClientSession) -> None:
        self.url = url
        self._session = session
        self.seen: dict[str, float] = {}
        self.reopened = 0
        self._last_ids: dict[str, str] = {}
        self._open: set[str] = set()

    @property
    def open(self) -> int:
        """How many people have had an open stream."""
        return len(self._open)

    async def read(self, token: str) -> None:
        """Until cancelled. Raises aiohttp.ClientResponseError when the person is refused."""
        while True:
            try:
                await self._follow(token)
            except aiohttp.ClientResponseError as refused:
                if token in self._open and refused.status < 500:
                    raise  # at first notify may not have heard of the person yet
            except (aiohttp.ClientError, OSError):
                pass
            self.reopened += token in self._open
            await asyncio.sleep(AGAIN_SECONDS)

    async def _follow(self, token: str) -> None:
        headers = {"Authorization": f"Bearer {token}"}
        if token in self._last_ids:
            headers["Last-Event-ID"] = self._last_ids[token]
        async with self._session.get(self.url + STREAM, headers=headers) as response:
            response.raise_for_status()
            async for line in response.content:
                self._hear(token, line)

    def _hear(self, token: str, line: bytes) -> None:
        if line.startswith(b": live"):
            self._open.add(token)
        elif line.startswith(b"id:"):
            self._last_ids[token] = line[3:].strip().decode()
        elif line.startswith(b"data:"):
            notice = json.loads(line[5:])
            if notice["telling"] == LEAD:
                self.seen.setdefault(notice["document_id"], time.monotonic())


@asynccontextmanager
async def listening(url: str, tokens: Sequence[str], session: aiohttp.ClientSession) -> AsyncIterator[Streams]:
    """Raises what ended a reader for good: its silence must not look like a service's."""
    streams = Streams(url, session)
    async with asyncio.TaskGroup() as readers:
        reading = [readers.create_task(streams.read(token)) for token in tokens]
        async with asyncio.timeout(OPENING_SECONDS):
            while streams.open < len(tokens):
                await asyncio.sleep(0.05)
        yield streams
        for task in reading:
            task.cancel()
