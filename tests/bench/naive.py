"""A service's consumer as it is often written: one handler call, one write after another and one commit per message.

`python -m tests.bench.naive SERVICE EVENTS PATTERN_PREFIX TOPIC…`: the same rows as the service's, with FastStream.
"""

import asyncio
import sys
from collections.abc import Sequence

import uvloop
from faststream import AckPolicy
from faststream.kafka import KafkaBroker, KafkaMessage

from services.chassis.kafka import topic_name
from tests.bench.children import tell
from tests.bench.loop import Loop, Stopwatch, decode, opened


async def run(service: str, events: int, pattern_prefix: str, topics: Sequence[str]) -> dict[str, float]:
    """The first so many of the events that are there."""
    watch, done = Stopwatch(), asyncio.Semaphore(0)
    async with opened("naive", service, pattern_prefix, ()) as loop:
        broker = _subscribed(loop, service, topics, watch, done)
        await broker.start()
        for _ in range(events):
            await done.acquire()
        watch.mark("applied")
        watch.mark("told")
        await broker.stop()
    return watch.figures(events)


def _subscribed(
    loop: Loop, service: str, topics: Sequence[str], watch: Stopwatch, done: asyncio.Semaphore
) -> KafkaBroker:
    """Acknowledged by FastStream when the handler returns: a commit each."""
    broker = KafkaBroker(loop.settings.kafka_bootstrap, logger=None)

    @broker.subscriber(
        *(topic_name(loop.settings, topic) for topic in topics),
        group_id=f"{loop.settings.kafka_topic_prefix}.naive-{service}",
        auto_offset_reset="earliest",
        ack_policy=AckPolicy.ACK,
    )
    async def handle(message: KafkaMessage) -> None:
        watch.mark("began")
        event = decode(message.raw_message)
        assert loop.writes is not None
        for row in await loop.writes.write([event.key], None):
            await (await loop.say(row))
        done.release()

    return broker


if __name__ == "__main__":
    tell(**uvloop.run(run(sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4:])))
