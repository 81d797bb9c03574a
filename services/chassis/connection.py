"""What one connection may cost before anybody knows who it is, and how it ends without losing its last answer.

uvicorn's protocol waits for headers without end, keeps as many as come, and closes a connection in the middle of
a body with a reset, which may destroy the answer on its way to the caller.
"""

import asyncio
from asyncio.events import TimerHandle
from http import HTTPStatus
from typing import Any, cast

import orjson
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from services.chassis.errors import Problem

MOST_HEAD_BYTES = 64 * 1024
MOST_HEADERS = 100
MOST_PIPELINED = 16
HEAD_SECONDS = 20.0
LINGER_SECONDS, SILENT_SECONDS = 30.0, 5.0  # nginx's lingering_time and lingering_timeout


class Connection(HttpToolsProtocol):
    """A head of bounded size in bounded time; whatever follows an answer that came early is read and thrown away."""

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self._in_head = False
        self._head_bytes = 0
        self._barren_bytes = 0  # arrived since the last head or piece of a body
        self._deaf = False
        self._parting = False
        self._lingers_until = 0.0
        self._heard_at = 0.0
        self._timer: TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(cast("asyncio.Transport", transport))
        self._timer = self.loop.call_later(HEAD_SECONDS, self._waited_enough)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._deaf:
            self._heard_at = self.loop.time()
            return
        self._barren_bytes += len(data)
        super().data_received(data)
        if self._barren_bytes > MOST_HEAD_BYTES and not self._deaf:
            self._refuse(head_too_large())

    def on_message_begin(self) -> None:
        if self._deaf:
            return
        super().on_message_begin()
        self._in_head = True
        self._head_bytes = 0
        if self._timer is None:
            self._timer = self.loop.call_later(HEAD_SECONDS, self._waited_enough)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Trailers, which come after the body, are read and forgotten."""
        if self._in_head:
            self._head_bytes += len(name) + len(value)
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        if self._deaf:  # the timer is by now the one that closes
            return
        self._in_head = False
        self._barren_bytes = 0
        self._stop_timer()
        if self._head_bytes + len(self.url) > MOST_HEAD_BYTES or len(self.headers) > MOST_HEADERS:
            self._refuse(head_too_large())
        elif len(self.pipeline) >= MOST_PIPELINED:
            self._refuse(too_many_at_once())
        else:
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._barren_bytes = 0
        if not self._deaf:
            super().on_body(body)

    def on_message_complete(self) -> None:
        self._barren_bytes = 0
        if not self._deaf:
            super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        if not self._deaf:
            self._refuse(not_http())

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        async def ending(scope: Any, receive: Any, send: Any) -> None:
            async def sending(message: Any) -> None:
                early = message["type"] == "http.response.start" and cycle.more_body
                if early:
                    message["headers"] = [*message["headers"], (b"connection", b"close")]
                    self._parting = True
                await send(message)
                if early:
                    cycle.keep_alive = True  # uvicorn would close at once, and reset what is on its way

            await app(scope, receive, sending)

        super()._start_asgi_task(cycle, ending)

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self._parting and not self.transport.is_closing():
            self._linger()

    def _refuse(self, problem: Problem) -> None:
        """A request that was whole before is answered first, and the connection ends after it."""
        self._deaf = True
        self._stop_timer()
        cycle = self.cycle
        if cycle is None or cycle.response_complete:
            self._answer(problem)
        elif not cycle.more_body:
            cycle.keep_alive = False
        elif cycle.response_started or self.pipeline:
            self.transport.close()
        else:
            cycle.disconnected = True
            cycle.message_event.set()
            self._answer(problem)

    def _answer(self, problem: Problem) -> None:
        body = orjson.dumps(problem.body())
        head = (
            f"HTTP/1.1 {problem.status} {HTTPStatus(problem.status).phrase}\r\n"
            f"content-type: application/problem+json\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + body)
        self._linger()

    def _linger(self) -> None:
        """Nothing more is said, and what the caller still sends is thrown away, so that it comes to read the answer.

        Many callers read only once they have sent all, and a reset would take the answer away from them.
        """
        self._deaf = True
        self._stop_timer()
        self._unset_keepalive_if_required()
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self._heard_at = self.loop.time()
        self._lingers_until = self._heard_at + LINGER_SECONDS
        self._linger_on()

    def _linger_on(self) -> None:
        left = min(self._heard_at + SILENT_SECONDS, self._lingers_until) - self.loop.time()
        if left > 0:
            self._timer = self.loop.call_later(left, self._linger_on)
        else:
            self.transport.close()

    def _waited_enough(self) -> None:
        self._timer = None
        if self._in_head:
            self._refuse(head_too_slow())
        else:
            self.transport.close()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def head_too_large() -> Problem:
    return Problem(
        431,
        "headers-too-large",
        f"The request has more than {MOST_HEADERS} headers, or more than {MOST_HEAD_BYTES} bytes of them.",
        remedy="Send only the headers that the API's page names.",
    )


def head_too_slow() -> Problem:
    return Problem(
        408,
        "too-slow",
        f"The headers were not whole after {HEAD_SECONDS:g} seconds.",
        remedy="Send the same request again over a faster connection.",
    )


def too_many_at_once() -> Problem:
    return Problem(
        429,
        "too-many-at-once",
        f"More than {MOST_PIPELINED} requests wait on this connection.",
        remedy="Wait for answers before sending more.",
    )


def not_http() -> Problem:
    return Problem(
        400, "not-http", "This is no HTTP request that can be read.", remedy="Send HTTP/1.1, with one true length."
    )
