"""Before any body is read: is the service there, does the caller show a credential, is the body of a bearable size?"""

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.chassis.auth import unauthorized
from services.chassis.errors import Problem
from services.chassis.health import Health
from services.chassis.problems import problem_response

OPEN_PATHS = frozenset({"/health/live", "/health/ready"})
MOST_BODY_BYTES = 64 * 1024
BODY_SECONDS = 60.0


class Guarding:
    """Pure ASGI. Whether the credential is good is judged later, by whoever knows its kind."""

    def __init__(self, app: ASGIApp, health: Health, streamed_paths: frozenset[str]) -> None:
        self._app = app
        self._health = health
        self._streamed_paths = streamed_paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"].removeprefix(scope.get("root_path", "")) if scope["type"] == "http" else ""
        if scope["type"] != "http" or path in OPEN_PATHS:
            await self._app(scope, receive, send)
            return
        refusal = self._refusal(scope, path)
        if refusal:
            await problem_response(refusal)(scope, receive, send)
            return
        await self._app(scope, receive if path in self._streamed_paths else _limited(receive), send)

    def _refusal(self, scope: Scope, path: str) -> Problem | None:
        headers = dict(scope["headers"])
        if not headers.get(b"authorization"):
            return unauthorized("Send `Authorization: Bearer` with a device key or a staff token.")
        if not self._health.started:
            return starting()
        length = headers.get(b"content-length", b"0")
        if path not in self._streamed_paths and length.isdigit() and int(length) > MOST_BODY_BYTES:
            return body_too_large()
        return None


def starting() -> Problem:
    return Problem(
        503,
        "starting",
        "The service is still starting, or waits for its database. Nothing was done.",
        remedy="Send the same request again.",
        headers={"Retry-After": "2"},
    )


def body_too_large() -> Problem:
    return Problem(
        413,
        "too-large",
        f"The body is larger than {MOST_BODY_BYTES} bytes.",
        remedy="Send only the fields of this call.",
    )


def body_too_slow() -> Problem:
    return Problem(
        408,
        "too-slow",
        f"The body was not whole after {BODY_SECONDS:g} seconds. Nothing was done.",
        remedy="Send the same request again over a faster connection.",
    )


def _limited(receive: Receive) -> Receive:
    received, whole = 0, False
    deadline = asyncio.get_running_loop().time() + BODY_SECONDS

    async def receiving() -> Message:
        nonlocal received, whole
        try:
            async with asyncio.timeout_at(None if whole else deadline):
                message = await receive()
        except TimeoutError:
            raise body_too_slow() from None
        received += len(message.get("body", b""))
        whole = not message.get("more_body", False)
        if received > MOST_BODY_BYTES:
            raise body_too_large()
        return message

    return receiving
