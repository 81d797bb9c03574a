"""`python -m tests.faults.slow URL KEY COUNT SEED`: so many senders that trickle without end, until stdin closes.

Each comes back a second after it was put out. In the end one line of JSON says what they were told, how often.
"""

import asyncio
import contextlib
import json
import random
import sys
from collections import Counter
from collections.abc import Iterator

from tests.faults.hostile import CONTENT, METADATA, connection, head, part

PAUSE_SECONDS = 1.0
CUT_OFF = "cut off"


def beginnings(key: str) -> Iterator[bytes]:
    """Without end: a head that never ends, a body without a key, and three bodies of a known device."""
    length = "Content-Length: 1000000"
    whole = part("metadata", json.dumps(METADATA).encode())
    inside = whole + part("file", CONTENT)[:500]
    while True:
        yield head(None)
        yield head(None, length) + b"\r\n"
        yield head(key, length) + b"\r\n"
        yield head(key, length) + b"\r\n" + inside
        yield head(key, "Transfer-Encoding: chunked") + b"\r\n" + f"{len(inside):x}\r\n".encode() + inside + b"\r\n"


async def _sender(url: str, beginning: bytes, heard: Counter[str], wait_seconds: float) -> None:
    await asyncio.sleep(wait_seconds)
    while True:
        with contextlib.suppress(OSError):
            async with connection(url) as (reader, writer):
                writer.write(beginning)
                trickle = asyncio.create_task(_trickle(writer, chunked=b"chunked" in beginning))
                try:
                    answer = await reader.readline()
                finally:
                    trickle.cancel()
                    await asyncio.gather(trickle, return_exceptions=True)
                heard[answer.split()[1].decode() if answer.startswith(b"HTTP/1.1 ") else CUT_OFF] += 1
        await asyncio.sleep(PAUSE_SECONDS)


async def _trickle(writer: asyncio.StreamWriter, *, chunked: bool) -> None:
    while True:
        await asyncio.sleep(PAUSE_SECONDS)
        writer.write(b"1\r\nx\r\n" if chunked else b"x")
        await writer.drain()


async def main(url: str, key: str, count: int, seed: str) -> None:
    heard: Counter[str] = Counter()
    begin, chance = beginnings(key), random.Random(seed)
    senders = [
        asyncio.create_task(_sender(url, next(begin), heard, chance.random() * PAUSE_SECONDS)) for _ in range(count)
    ]
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    for each in senders:
        each.cancel()
    await asyncio.gather(*senders, return_exceptions=True)
    sys.stdout.write(json.dumps(heard))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]))
