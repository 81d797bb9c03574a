"""How fast a body has to come: whole by a deadline, and from a while on at a least rate."""

import asyncio
import math
from collections.abc import AsyncIterator

from fastapi import Request
from starlette.requests import ClientDisconnect

from services.chassis.errors import Problem


class Pace:
    """Of one body, from now on."""

    def __init__(
        self, deadline_seconds: float, *, slow_seconds: float = math.inf, least_bytes_per_second: float = 1.0
    ) -> None:
        self._begun_at = asyncio.get_running_loop().time()
        self._deadline_seconds = deadline_seconds
        self._slow_seconds = slow_seconds
        self._least_bytes_per_second = least_bytes_per_second
        self._received_bytes = 0
        self._gives_way = False
        self._wait: asyncio.Timeout | None = None

    def due_at(self) -> float:
        return self._begun_at + self._slow_seconds + self._received_bytes / self._least_bytes_per_second

    def give_way(self) -> None:
        """`chunks` raises Problem 503 at once, or when it is next asked for one."""
        self._gives_way = True
        if self._wait and not self._wait.expired():  # it may have been too slow in this very moment
            self._wait.reschedule(self._begun_at)

    async def chunks(self, request: Request) -> AsyncIterator[bytes]:
        """The body as it arrives. Raises Problem 408 and 503, and ClientDisconnect.

        Asks for messages and not for `request.stream()`, which after the last one has to be asked twice more.
        """
        more = True
        while more:
            try:
                async with asyncio.timeout_at(self._ends_at()) as self._wait:
                    message = await request.receive()
            except TimeoutError:
                raise self._refusal() from None
            finally:
                self._wait = None
            if message["type"] == "http.disconnect":
                raise ClientDisconnect
            more = message.get("more_body", False)
            chunk = message.get("body", b"")
            self._received_bytes += len(chunk)
            yield chunk

    def _ends_at(self) -> float:
        if self._gives_way:
            return self._begun_at
        return min(self._begun_at + self._deadline_seconds, self.due_at())

    def _refusal(self) -> Problem:
        if self._gives_way:
            return busy()
        if self._ends_at() < self._begun_at + self._deadline_seconds:
            return too_slow(f"The body came slower than {self._least_bytes_per_second:g} bytes per second.")
        return too_slow(f"The body was not whole after {self._deadline_seconds:g} seconds.")


def busy(detail: str = "Too many documents are being uploaded.") -> Problem:
    return Problem(
        503,
        "busy",
        detail,
        remedy="Send the same request again a little later.",
        headers={"Retry-After": "2"},
    )


def too_slow(detail: str) -> Problem:
    return Problem(
        408,
        "too-slow",
        f"{detail} Nothing was kept.",
        remedy="Send the same request again over a faster connection.",
        headers={"Connection": "close"},
    )
