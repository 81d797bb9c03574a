"""`python -m tests.faults.flood URL KEY COUNT SEED`: so many senders of floods, until stdin closes.

Each sends another a second after its last. In the end one line of JSON says what they were told, how often; what is
not the truth stands there by its name.
"""

import asyncio
import json
import random
import sys
from collections import Counter
from collections.abc import Iterator, Sequence

from tests.faults.hostile import BOUNDARY, CONTENT, METADATA, body, chunked, head, part, request, status_of

PAUSE_SECONDS = 1.0
MOST_BYTES = 2_000_000  # of a document, as the service has to be set
MEGABYTE = 1024 * 1024
Flood = tuple[str, bytes | Iterator[bytes], set[int]]


def refused_requests(key: str) -> Iterator[Flood]:
    """What it is, the request, and the statuses that tell its sender the truth."""
    whole = body()
    metadata = part("metadata", json.dumps(METADATA).encode())
    boundaries = (b"--" + BOUNDARY + b"\r\n") * 100_000
    large = bytes(MOST_BYTES * 3)
    yield "a length that is too large", request(key, whole, length=len(whole) + 1000), {408}
    yield "a length that is too small", request(key, whole, length=len(whole) // 2), {400}
    yield "a length below zero", request(key, whole, length=-1), {400}
    yield "two lengths", request(key, whole, "Content-Length: 10"), {400}
    yield "a length and chunks", request(key, whole, "Transfer-Encoding: chunked"), {400}
    yield "a chunk that lies", head(key, "Transfer-Encoding: chunked") + b"\r\n5\r\n" + whole + b"\r\n0\r\n\r\n", {400}
    yield "oversize, declared", request(key, body(content=large)), {413}
    yield "oversize, declared and far away", request(key, whole, length=10**15), {413}
    yield (
        "oversize, in chunks",
        chunked(key, [metadata + part("file", b"%PDF-1.4\n")[:-2], *[large[:50_000]] * 120]),
        {413},
    )
    yield "oversize metadata", request(key, body({**METADATA, "subject": "x" * 100_000})), {413}
    yield "no end of chunk extensions", head(key, "Transfer-Encoding: chunked") + b"\r\n5;" + b"x" * 9_000_000, {431}
    yield "thousands of headers", request(key, whole, *[f"X-{n}: y" for n in range(5_000)]), {431}
    yield "a header of a megabyte", request(key, whole, "X-Large: " + "y" * MEGABYTE), {431}
    yield "no end of headers", head(key, *["X-Y: z"] * 1_000_000), {431}
    yield "no key and a large body", request(None, body(content=large)), {401}
    yield "boundaries and nothing else", request(key, boundaries), {400}
    yield "parts without end", request(key, part("x", b"y") * 30_000), {400, 413}
    yield "metadata again and again", request(key, metadata * 10_000), {400, 413}
    yield "a third part", request(key, metadata + part("file", CONTENT) + part("file", CONTENT)), {400}
    yield "a part with thousands of headers", request(key, body(METADATA, CONTENT, *[b"X-Y: z"] * 5_000)), {400}
    yield "a part whose length is too small", request(key, body(METADATA, CONTENT, b"Content-Length: 5")), {400}
    yield "a part whose length is too large", request(key, body(METADATA, CONTENT, b"Content-Length: 5000000")), {400}
    yield "a beginning without end", chunked(key, [b"no boundary " * 5_000] * 200), {400, 413}
    yield "an end without end", chunked(key, [whole, *[b"after the end " * 5_000] * 200]), {400, 413}


async def _sender(url: str, floods: Sequence[Flood], heard: Counter[str], chance: random.Random) -> None:
    while True:
        await asyncio.sleep(2 * chance.random() * PAUSE_SECONDS)
        what, sent, expected = chance.choice(floods)
        status = await status_of(url, sent)
        heard[str(status) if status in expected else f"{what}: {status}"] += 1


async def main(url: str, key: str, count: int, seed: str) -> None:
    heard: Counter[str] = Counter()
    floods = [each for each in refused_requests(key) if isinstance(each[1], bytes) and 408 not in each[2]]
    senders = [
        asyncio.create_task(_sender(url, floods, heard, random.Random(f"{seed} {place}"))) for place in range(count)
    ]
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    for each in senders:
        each.cancel()
    await asyncio.gather(*senders, return_exceptions=True)
    sys.stdout.write(json.dumps(heard))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]))
