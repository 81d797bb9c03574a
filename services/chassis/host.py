"""Any of the services in one process, under one port: started together, stopped in order."""

import asyncio
import signal
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from services.chassis.connection import Connection
from services.chassis.errors import Problem
from services.chassis.problems import problem_response
from services.chassis.service import Service

GRACEFUL_SECONDS = 20
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Host:
    """The ASGI application of the process: `/NAME/…` goes straight to the service of that name.

    Starlette's `Mount` would do the same behind four more layers, which each request would pay for.
    """

    def __init__(self, services: Sequence[Service]) -> None:
        self._services = {service.name: service.app for service in services}
        self._rest = _rest(services)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        name = scope["path"].partition("/")[2].partition("/")[0] if scope["type"] == "http" else ""
        app = self._services.get(name)
        if app is None:
            await self._rest(scope, receive, send)
            return
        root_path = scope.get("root_path", "")
        await app({**scope, "app_root_path": root_path, "root_path": f"{root_path}/{name}"}, receive, send)


def _rest(services: Sequence[Service]) -> Starlette:
    """Whether the process lives, its beginning and its end; every other address is unknown."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        for service in services:
            await service.start()
        try:
            yield
        finally:
            await asyncio.gather(*(service.stop() for service in services))

    return Starlette(routes=[Route("/health/live", _alive)], lifespan=lifespan, exception_handlers={404: _none})


async def _alive(request: Request) -> Response:
    return Response('{"status":"ok"}', media_type="application/json")


async def _none(request: Request, error: Exception) -> Response:
    return problem_response(Problem(404, "not-found", "There is nothing at this address."))


class Server(uvicorn.Server):
    """Ends cleanly on a signal: uvicorn's own would raise the signal again afterwards and so die of it."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        for number in STOP_SIGNALS:
            loop.add_signal_handler(number, self.handle_exit, number, None)
        try:
            yield
        finally:
            for number in STOP_SIGNALS:
                loop.remove_signal_handler(number)


def new_server(services: Sequence[Service]) -> Server:
    """A server for sockets that the caller has bound. Ends on SIGINT and SIGTERM; open streams do not hold it up."""
    config = uvicorn.Config(
        Host(services),
        http=Connection,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # nothing here depends on who a proxy says that the caller is
        timeout_graceful_shutdown=GRACEFUL_SECONDS,
        timeout_keep_alive=75,
        backlog=2048,
    )
    return Server(config)
