"""Waiting for what happens elsewhere, without guessing how long it takes."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")
SHORTEST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.02, 0.25


async def eventually(ask: Callable[[], Awaitable[T]], *, seconds: float = 20.0) -> T:
    """The first answer that is true; fails with the last one when it takes longer.

    What is long in coming is asked for less often, and what is dear to ask takes no more than half of the time.
    """
    ends, pause_seconds = time.monotonic() + seconds, SHORTEST_PAUSE_SECONDS
    while True:
        asked = time.monotonic()
        answer = await ask()
        if answer:
            return answer
        if time.monotonic() > ends:
            raise AssertionError(f"did not happen within {seconds} s; last answer: {answer!r}")
        await asyncio.sleep(max(pause_seconds, time.monotonic() - asked))
        pause_seconds = min(pause_seconds * 1.2, LONGEST_PAUSE_SECONDS)
