"""What a body is told that comes too slowly, or in whose place another one comes."""

import asyncio
from typing import Any, cast

import pytest
from starlette.requests import ClientDisconnect
from starlette.types import Message

from services.chassis.errors import Problem
from services.intake.pacing import Pace

SECONDS = 0.05


class Silent:
    """A request of whose body nothing comes."""

    async def receive(self) -> Message:
        await asyncio.Event().wait()
        raise AssertionError("nobody set it")


class Told:
    """A request that says these messages, one after the other."""

    def __init__(self, *messages: Message) -> None:
        self._messages = iter(messages)

    async def receive(self) -> Message:
        return next(self._messages)


async def read(pace: Pace) -> None:
    async for _ in pace.chunks(cast("Any", Silent())):
        pass


async def test_the_body_comes_in_the_pieces_in_which_it_arrives() -> None:
    told = Told({"type": "http.request", "body": b"one", "more_body": True}, {"type": "http.request", "body": b"two"})
    assert [chunk async for chunk in Pace(60).chunks(cast("Any", told))] == [b"one", b"two"]


async def test_a_sender_that_goes_in_the_middle_of_a_body_has_not_sent_it() -> None:
    told = Told({"type": "http.request", "body": b"one", "more_body": True}, {"type": "http.disconnect"})
    with pytest.raises(ClientDisconnect):
        _ = [chunk async for chunk in Pace(60).chunks(cast("Any", told))]


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
