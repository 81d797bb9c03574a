"""What a body is told that comes too slowly, or in whose place another one comes."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, cast

import pytest

from services.chassis.errors import Problem
from services.intake.pacing import Pace

SECONDS = 0.05


class Silent:
    """A request of whose body nothing comes."""

    async def stream(self) -> AsyncIterator[bytes]:
        await asyncio.Event().wait()
        yield b""


async def read(pace: Pace) -> None:
    async for _ in pace.chunks(cast("Any", Silent())):
        pass


async def test_a_body_that_does_not_come_in_time_is_too_slow() -> None:
    with pytest.raises(Problem, match="not whole after"):
        await read(Pace(SECONDS))


async def test_an_upload_that_gives_way_ends_at_once() -> None:
    pace = Pace(60)
    asyncio.get_running_loop().call_later(SECONDS, pace.give_way)
    async with asyncio.timeout(10):
        with pytest.raises(Problem) as refused:
            await read(pace)
    assert refused.value.status == 503


async def test_whoever_asks_an_upload_to_give_way_in_the_moment_of_its_own_end_is_not_troubled() -> None:
    pace, loop, troubles = Pace(SECONDS), asyncio.get_running_loop(), list[BaseException]()

    def asked() -> None:
        try:
            pace.give_way()
        except RuntimeError as error:
            troubles.append(error)

    reading = asyncio.create_task(read(pace))
    await asyncio.sleep(0)
    loop.call_at(pace._begun_at + SECONDS + 1e-6, asked)  # right after the end was due, before the reader wakes
    with pytest.raises(Problem):
        await reading
    assert troubles == []
