"""Waiting for what happens elsewhere, without guessing how long it takes."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


async def eventually(ask: Callable[[], Awaitable[T]], *, seconds: float = 20.0) -> T:
    """The first answer that is true; fails with the last one when it takes longer."""
    ends = time.monotonic() + seconds
    while True:
        answer = await ask()
        if answer:
            return answer
        if time.monotonic() > ends:
            raise AssertionError(f"did not happen within {seconds} s; last answer: {answer!r}")
        await asyncio.sleep(0.02)
