"""A real server on loopback, and callers that bend HTTP."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from services.chassis import connection
from services.chassis.connection import MOST_HEAD_BYTES, MOST_HEADERS, Connection

ANSWER_SECONDS = 10.0


async def _length(request: Request) -> Response:
    return Response(str(len(await request.body())))


async def _refuse(request: Request) -> Response:
    return Response("no", 413)


@pytest.fixture
async def port() -> AsyncIterator[int]:
    routes = [Route("/length", _length, methods=["GET", "POST"]), Route("/refuse", _refuse, methods=["POST"])]
    server = uvicorn.Server(
        uvicorn.Config(Starlette(routes=routes), port=0, http=Connection, log_config=None, lifespan="off")
    )
    task = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = server.force_exit = True
    await task


async def said(port: int, *pieces: bytes) -> bytes:
    """All that the server answers until it closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
        async with asyncio.timeout(ANSWER_SECONDS):
            return await reader.read()
    finally:
        writer.close()


def parts_of(answer: bytes) -> tuple[int, dict[str, Any]]:
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"content-type: application/problem+json" in head
    return int(head.split()[1]), json.loads(body)


def post(path: str, length: int) -> bytes:
    return f"POST /{path} HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n".encode()


@pytest.mark.parametrize(
    "headers",
    [
        b"A: " + b"x" * (MOST_HEAD_BYTES + 1) + b"\r\n\r\n",
        b"A: " + b"x" * 10_000_000,
        b"A: b\r\n" * (MOST_HEADERS + 1) + b"\r\n",
        b"A: b\r\n" * 1_000_000,
    ],
    ids=["long", "endless", "many", "without end"],
)
async def test_a_head_that_is_too_large_is_refused_before_it_is_whole(port: int, headers: bytes) -> None:
    status, problem = parts_of(await said(port, b"GET /length HTTP/1.1\r\nHost: a\r\n" + headers))
    assert (status, problem["type"]) == (431, "urn:vanthu:problem:headers-too-large")


@pytest.mark.parametrize("following", [b"GET /length HTTP/1.1\r\nHost: a\r\n\r\n", b"no request\r\n\r\n"])
async def test_what_came_together_with_a_refused_head_does_not_keep_the_connection_open(
    port: int, following: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "LINGER_SECONDS", 1.0)
    refused = b"GET /length HTTP/1.1\r\n" + b"A: b\r\n" * (MOST_HEADERS + 20) + b"\r\n"
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(refused + following)
        async with asyncio.timeout(ANSWER_SECONDS):
            assert parts_of(await reader.read())[0] == 431
            with pytest.raises(ConnectionError):
                await write_bit_by_bit(writer)
    finally:
        writer.close()


async def write_bit_by_bit(writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.05)


async def test_trailers_and_chunks_that_bring_nothing_end(port: int) -> None:
    head = b"POST /length HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"
    assert parts_of(await said(port, head, b"0\r\nA: " + b"x" * 10_000_000))[0] == 431
    assert parts_of(await said(port, head, b"3;" + b"x" * 10_000_000))[0] == 431


async def test_a_head_that_does_not_come_ends(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "HEAD_SECONDS", 0.2)
    assert parts_of(await said(port, b"GET /length HTTP/1.1\r\nHo"))[0] == 408
    assert await said(port) == b""


async def test_a_connection_that_was_used_has_to_go_on_in_time(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "HEAD_SECONDS", 0.2)
    answer = await said(port, post("length", 3) + b"abc", b"GET /le")
    assert answer.startswith(b"HTTP/1.1 200")
    assert b"HTTP/1.1 408" in answer


async def test_an_early_answer_is_read_and_the_rest_of_the_body_is_not_waited_for(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More than all the buffers on the way hold: without an end the sender could not even finish writing."""
    monkeypatch.setattr(connection, "LINGER_SECONDS", 1.0)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(post("refuse", 10**12) + b"x" * 1_000_000)
    async with asyncio.timeout(ANSWER_SECONDS):
        answer = await reader.read()
        assert answer.startswith(b"HTTP/1.1 413")
        assert b"connection: close" in answer
        with pytest.raises(ConnectionError):
            await write_for_ever(writer)
    writer.close()


async def test_who_sends_all_before_reading_still_reads_an_early_answer(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "SILENT_SECONDS", 0.5)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(post("refuse", 100_000))
    for _ in range(10):  # twice as long as a silent one is waited for
        writer.write(b"x" * 10_000)
        await writer.drain()
        await asyncio.sleep(0.1)
    async with asyncio.timeout(ANSWER_SECONDS):
        assert (await reader.read()).startswith(b"HTTP/1.1 413")
    writer.close()


async def test_who_falls_silent_after_an_early_answer_is_left_sooner(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "SILENT_SECONDS", 0.2)
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(post("refuse", 10**6) + b"x")
    await asyncio.sleep(1)
    with pytest.raises(ConnectionError):
        async with asyncio.timeout(ANSWER_SECONDS):
            await write_bit_by_bit(writer)
    writer.close()


async def write_for_ever(writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b"x" * 1_000_000)
        await writer.drain()


async def test_what_follows_a_whole_request_does_not_spoil_its_answer(port: int) -> None:
    answer = await said(port, post("length", 3) + b"abc\r\ngarbage that is no request\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200")
    assert answer.endswith(b"\r\n\r\n3")


async def test_a_body_whose_chunks_lie_is_refused(port: int) -> None:
    head = b"POST /length HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert parts_of(await said(port, head, b"3\r\nabcdef\r\n0\r\n\r\n"))[0] == 400


async def test_requests_in_a_row_are_answered_in_order_and_only_so_many_wait(port: int) -> None:
    few = await said(port, b"".join(post("length", n) + b"x" * n for n in range(5)) + b"\r\nno request\r\n")
    assert [part.rsplit(b"\r\n\r\n")[-1] for part in few.split(b"HTTP/1.1 200 OK")[1:]] == [
        b"0",
        b"1",
        b"2",
        b"3",
        b"4",
    ]
    many = await said(port, b"GET /length HTTP/1.1\r\nHost: a\r\n\r\n" * 5_000)
    assert 1 <= many.count(b"HTTP/1.1 200 OK") <= connection.MOST_PIPELINED + 1
