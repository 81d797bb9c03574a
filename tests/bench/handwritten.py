"""A service's consumer as one would write it by hand for speed: aiokafka, Motor, batches, nothing else.

`python -m tests.bench.handwritten SERVICE EVENTS PATTERN_PREFIX TOPIC…`: decodes each event with its model, writes
what the service wrote in one transaction per batch, commits once per batch and relays its journal beside that.
"""

import asyncio
import contextlib
import sys
from collections.abc import Sequence
from datetime import UTC, datetime

import uvloop
from pymongo import WriteConcern
from pymongo.read_concern import ReadConcern

from tests.bench.children import tell
from tests.bench.loop import BATCH, Loop, Stopwatch, decode, opened

RELAYED = 1000


async def run(service: str, events: int, pattern_prefix: str, topics: Sequence[str]) -> dict[str, float]:
    watch, woken = Stopwatch(), asyncio.Event()
    async with opened("handwritten", service, pattern_prefix, topics) as loop:
        relaying = asyncio.create_task(_relay(loop, woken))
        done = 0
        while done < events:
            done += await _take_batch(loop, watch)
            woken.set()
        watch.mark("applied")
        while await loop.journal.find_one({"unsent": True}, {"_id": 1}):
            await asyncio.sleep(0.02)
        watch.mark("told")
        relaying.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await relaying
    return watch.figures(done)


async def _take_batch(loop: Loop, watch: Stopwatch) -> int:
    found = await loop.consumer.getmany(timeout_ms=1000, max_records=BATCH)
    if not found:
        return 0
    watch.mark("began")
    events = [decode(record) for batch in found.values() for record in batch]
    assert loop.writes is not None
    async with await loop.client.start_session() as session:
        session.start_transaction(ReadConcern("snapshot"), WriteConcern(w="majority", j=True))
        await loop.writes.write(list(dict.fromkeys(event.key for event in events)), session)
        await session.commit_transaction()
    await loop.consumer.commit({place: batch[-1].offset + 1 for place, batch in found.items()})
    return len(events)


async def _relay(loop: Loop, woken: asyncio.Event) -> None:
    """Sends what is new and marks it, a thousand rows at a time."""
    while True:
        await woken.wait()
        woken.clear()
        while rows := await loop.journal.find({"unsent": True}).sort([("key", 1), ("version", 1)]).to_list(RELAYED):
            await asyncio.gather(*[await loop.say(row) for row in rows])
            sent = {"$set": {"sent_at": datetime.now(UTC)}, "$unset": {"unsent": ""}}
            await loop.journal.update_many({"_id": {"$in": [row["_id"] for row in rows]}}, sent)


if __name__ == "__main__":
    tell(**uvloop.run(run(sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4:])))
