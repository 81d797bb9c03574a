"""Waiting for others, up to a moment, and saying who was late and what to do."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from services.chassis.errors import Failure

LOOK_SECONDS = 0.5
SEE_THAT_IT_RUNS = "See that it runs (`vanthu doctor`, `vanthu check`), then run the same again."


async def until(
    ends: float, late: str, who: Callable[[], Awaitable[list[str]]], *, remedy: str = SEE_THAT_IT_RUNS
) -> None:
    """Raises Failure where somebody is still named at the end; `late` says of what, with {} for the names."""
    while names := await who():
        if time.monotonic() > ends:
            said = late.format(", ".join(names))
            raise Failure(f"{said}. {remedy}")
        await asyncio.sleep(LOOK_SECONDS)
