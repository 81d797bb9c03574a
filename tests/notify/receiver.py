"""A webhook's receiver: a real HTTP server on loopback that answers as it is told."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from standardwebhooks.webhooks import Webhook
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.eventually import eventually

Answer = Callable[[int], Awaitable[Response]]


@dataclass
class Received:
    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    def verified(self, secret: str) -> dict[str, Any]:
        """The payload, if its signature is right."""
        payload: dict[str, Any] = Webhook(secret).verify(self.body, self.headers)
        return payload


@dataclass
class Receiver:
    url: str
    requests: list[Received] = field(default_factory=list)

    async def wait(self, count: int, seconds: float = 10) -> list[Received]:
        async def there() -> bool:
            return len(self.requests) >= count

        await eventually(there, seconds=seconds)
        return self.requests


async def ok(_: int) -> Response:
    return Response(status_code=204)


def answering(*statuses: int, headers: dict[str, str] | None = None) -> Answer:
    """These in turn, and the last one for ever."""

    async def answer(index: int) -> Response:
        return Response(status_code=statuses[min(index, len(statuses) - 1)], headers=headers)

    return answer


async def hang(_: int) -> Response:
    await asyncio.sleep(30)
    return Response()


@asynccontextmanager
async def receiver(answer: Answer = ok) -> AsyncIterator[Receiver]:
    here = Receiver("")

    async def take(request: Request) -> Response:
        here.requests.append(Received(dict(request.headers), await request.body()))
        return await answer(len(here.requests) - 1)

    app = Starlette(routes=[Route("/{path:path}", take, methods=["GET", "POST"])])
    config = uvicorn.Config(app, port=0, log_config=None, lifespan="off", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    here.url = f"http://localhost:{server.servers[0].sockets[0].getsockname()[1]}/hook"
    try:
        yield here
    finally:
        server.should_exit = server.force_exit = True
        await task
