"""The measure of this machine: a batch loop that only counts, as `engineering.md` has measured it (18-28 k events/s).

`python -m tests.bench.simple_loop EVENTS TOPIC`: 500 events become some thirty upserts in one transaction.
"""

import sys
from collections import Counter
from collections.abc import Sequence
from typing import Any

import uvloop
from pymongo import UpdateOne

from tests.bench.children import tell
from tests.bench.loop import BATCH, Loop, Stopwatch, decode, opened


async def run(events: int, topics: Sequence[str]) -> dict[str, float]:
    watch, done = Stopwatch(), 0
    async with opened("simple", "", "", topics) as loop:
        await loop.database.create_collection("counts")
        while done < events:
            found = await loop.consumer.getmany(timeout_ms=1000, max_records=BATCH)
            if found:
                watch.mark("began")
                done += await _count([decode(record) for batch in found.values() for record in batch], loop)
                await loop.consumer.commit({place: batch[-1].offset + 1 for place, batch in found.items()})
        watch.mark("applied")
        watch.mark("told")
    return watch.figures(done)


async def _count(events: Sequence[Any], loop: Loop) -> int:
    counts = Counter(f"{event.document.arrived_on}"[-2:] for event in events)
    writes = [UpdateOne({"_id": group}, {"$inc": {"count": count}}, upsert=True) for group, count in counts.items()]
    async with await loop.client.start_session() as session, session.start_transaction():
        await loop.database["counts"].bulk_write(writes, ordered=False, session=session)
    return len(events)


if __name__ == "__main__":
    tell(**uvloop.run(run(int(sys.argv[1]), sys.argv[2:])))
