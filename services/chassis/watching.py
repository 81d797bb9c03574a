"""Around each request: its trace, its duration by route, and the headers that every answer has."""

import time
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.chassis.metrics import Metrics
from services.chassis.trace import follow

ALWAYS = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
]


class Watching:
    """Pure ASGI, so that streaming bodies and cancellations pass through untouched."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        status = "0"
        follow(_header(scope, b"traceparent"))

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = str(message["status"])
                present = {name for name, _ in message["headers"]}
                message["headers"] = [*message["headers"], *(each for each in ALWAYS if each[0] not in present)]
            await send(message)

        try:
            await self._app(scope, receive, sending)
        finally:
            seconds = time.perf_counter() - started
            self._metrics.requests.labels(scope["method"], _route(scope), status).observe(seconds)


def _route(scope: Scope) -> str:
    route: Any = scope.get("route")
    return getattr(route, "path", "unmatched")


def _header(scope: Scope, name: bytes) -> str | None:
    return next((value.decode("latin-1") for each, value in scope["headers"] if each == name), None)
