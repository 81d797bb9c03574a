"""A wire between a service and MongoDB that loses what it is told to lose."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Literal
from urllib.parse import urlsplit

Moment = Literal["before", "after"]
COMMIT = b"commitTransaction\x00"
CHUNK_BYTES = 256 * 1024


class Wire:
    """Cuts the connections of the next `left` commits: before they reach the server, or before their reply returns."""

    def __init__(self, host: str, port: int) -> None:
        self._upstream = host, port
        self._writers: set[asyncio.StreamWriter] = set()
        self.moment: Moment = "before"
        self.left = 0
        self.lost = 0
        self.port = 0

    def lose(self, commits: int, moment: Moment) -> None:
        self.left, self.moment = commits, moment

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        up_reader, up_writer = await asyncio.open_connection(*self._upstream)
        self._writers |= {writer, up_writer}
        cut = asyncio.Event()
        forth = asyncio.create_task(self._forth(reader, up_writer, cut))
        back = asyncio.create_task(self._back(up_reader, writer, cut))
        await asyncio.wait({forth, back}, return_when=asyncio.FIRST_COMPLETED)
        for task in (forth, back):
            task.cancel()
        await asyncio.gather(forth, back, return_exceptions=True)
        for each in (writer, up_writer):
            each.close()
            self._writers.discard(each)

    async def _forth(self, reader: asyncio.StreamReader, upstream: asyncio.StreamWriter, cut: asyncio.Event) -> None:
        while data := await reader.read(CHUNK_BYTES):
            if COMMIT in data and self.left:
                self.left -= 1
                self.lost += 1
                if self.moment == "before":
                    return
                cut.set()
            upstream.write(data)
            await upstream.drain()

    async def _back(self, upstream: asyncio.StreamReader, writer: asyncio.StreamWriter, cut: asyncio.Event) -> None:
        while data := await upstream.read(CHUNK_BYTES):
            if cut.is_set():
                return
            writer.write(data)
            await writer.drain()

    def close(self) -> None:
        for each in self._writers:
            each.close()


@asynccontextmanager
async def wire_to(mongo_url: str) -> AsyncIterator[tuple[Wire, str]]:
    """The wire, and the address by which a service reaches the primary through it."""
    parts = urlsplit(mongo_url)
    assert parts.hostname
    assert parts.port
    wire = Wire(parts.hostname, parts.port)
    server = await asyncio.start_server(wire.serve, "127.0.0.1", 0)
    wire.port = server.sockets[0].getsockname()[1]
    try:
        yield wire, f"mongodb://127.0.0.1:{wire.port}/?directConnection=true"
    finally:
        server.close()
        wire.close()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(server.wait_closed(), 5)
