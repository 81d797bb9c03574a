"""One service put together: its HTTP application, what runs behind it, and how it starts and ends."""

import asyncio
import hmac
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import fastapi_offline
import orjson
from fastapi import Depends, FastAPI, Request, Response
from fastapi.openapi.docs import get_swagger_ui_html
from pymongo.errors import PyMongoError
from starlette.staticfiles import StaticFiles

from services.chassis.auth import Credential, credential_of, unauthorized
from services.chassis.described import described
from services.chassis.errors import Problem
from services.chassis.guarding import Guarding
from services.chassis.health import Health, Verdict
from services.chassis.logs import cause_of, logger
from services.chassis.metrics import Metrics
from services.chassis.problems import add_problem_handlers, each_name_once
from services.chassis.settings import ChassisSettings
from services.chassis.watching import Watching

STATIC_FOLDER = Path(fastapi_offline.__file__).parent / "static"
MayLook = Callable[[Credential], Awaitable[object]]


class Part(Protocol):
    """Something that runs behind a service. `start` returns when it runs, `stop` when it has ended."""

    async def start(self) -> None: ...
    async def stop(self) -> None: ...


@dataclass
class Service:
    """`prepare` makes indexes and checks the ground; it is repeated until the database answers.

    What is in `first` runs before that, and until all the others have ended.
    """

    name: str
    app: FastAPI
    health: Health
    metrics: Metrics
    first: Sequence[Part]
    prepare: Callable[[], Awaitable[None]]
    parts: Sequence[Part]
    _started: list[Part] = field(default_factory=list)
    _starting: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Returns at once: health answers while the service waits for its database."""
        self._starting = asyncio.create_task(self._start(), name=f"{self.name}-start")

    async def _start(self) -> None:
        pause_seconds = 0.2
        log = logger(self.name)
        while True:
            try:
                await self._start_parts(self.first)
                await self.prepare()
                await self._start_parts([*self.first, *self.parts])
                break
            except (PyMongoError, OSError) as error:
                log.warning("waiting for the database", cause=cause_of(error), retry_seconds=pause_seconds)
                await asyncio.sleep(pause_seconds)
                pause_seconds = min(pause_seconds * 2, 5.0)
        self.health.started = True
        log.info("service started")

    async def _start_parts(self, parts: Sequence[Part]) -> None:
        for part in parts[len(self._started) :]:
            await part.start()
            self._started.append(part)

    @property
    def starting(self) -> bool:
        """Whether `start` was called."""
        return self._starting is not None

    async def started(self) -> None:
        """Wait until all parts run; raises what kept them from it."""
        if self._starting:
            await asyncio.shield(self._starting)

    async def stop(self) -> None:
        self.health.started = False
        if self._starting and not self._starting.done():
            self._starting.cancel()
            await asyncio.gather(self._starting, return_exceptions=True)
        while self._started:
            await self._started.pop().stop()
        logger(self.name).info("service stopped")


def new_app(
    settings: ChassisSettings,
    health: Health,
    metrics: Metrics,
    *,
    title: str,
    description: str,
    version: str,
    may_look: MayLook,
    asyncapi: Callable[[], dict[str, Any]],
    streamed_paths: frozenset[str] = frozenset(),
) -> FastAPI:
    """The HTTP application of a service, mounted under its name. Only health answers without a credential.

    Bodies are limited to 64 KB except on `streamed_paths`, which limit themselves.
    """
    app = FastAPI(
        title=title,
        description=description,
        version=version,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        telemetry={"tracing": False, "metrics": False, "logs": False},  # `Watching` tells what may be told
        dependencies=[Depends(each_name_once)],
    )
    add_problem_handlers(app, may_look)
    app.add_middleware(Guarding, health=health, streamed_paths=streamed_paths)
    app.add_middleware(Watching, metrics=metrics)
    _add_health(app, health)
    _add_metrics(app, settings, metrics)
    _add_documentation(app, health.service, may_look, asyncapi)
    return app


def _add_health(app: FastAPI, health: Health) -> None:
    @app.get("/health/live", include_in_schema=False)
    async def live() -> Response:
        return _verdicts(await health.live())

    @app.get("/health/ready", include_in_schema=False)
    async def ready() -> Response:
        return _verdicts(await health.ready())


def _verdicts(verdicts: Sequence[Verdict]) -> Response:
    ok = all(verdict.ok for verdict in verdicts)
    checks = {verdict.name: {"ok": verdict.ok, "detail": verdict.detail} for verdict in verdicts}
    body = orjson.dumps({"status": "ok" if ok else "failing", "checks": checks})
    return Response(body, status_code=200 if ok else 503, media_type="application/json")


def _add_metrics(app: FastAPI, settings: ChassisSettings, metrics: Metrics) -> None:
    @app.get("/metrics", include_in_schema=False)
    async def page(request: Request) -> Response:
        expected = settings.metrics_token
        given = credential_of(request).secret
        if expected is None or not hmac.compare_digest(given.encode(), expected.get_secret_value().encode()):
            raise unauthorized("The metrics page asks for the token in VANTHU_METRICS_TOKEN.")
        return Response(metrics.page(), media_type="text/plain; version=0.0.4; charset=utf-8")


def _add_documentation(app: FastAPI, service: str, may_look: MayLook, asyncapi: Callable[[], dict[str, Any]]) -> None:
    app.mount("/api/v1/docs/static", StaticFiles(directory=STATIC_FOLDER), name="static")

    @app.get("/api/v1/openapi.json", include_in_schema=False)
    async def openapi(request: Request) -> Response:
        await may_look(credential_of(request))
        return Response(orjson.dumps(described(app, service)), media_type="application/json")

    @app.get("/api/v1/asyncapi.json", include_in_schema=False)
    async def events(request: Request) -> Response:
        await may_look(credential_of(request))
        return Response(orjson.dumps(asyncapi()), media_type="application/json")

    @app.get("/api/v1/docs", include_in_schema=False)
    async def docs(request: Request) -> Response:
        await may_look(credential_of(request))
        return get_swagger_ui_html(
            openapi_url="openapi.json",
            title=app.title,
            swagger_js_url="docs/static/swagger-ui-bundle.js",
            swagger_css_url="docs/static/swagger-ui.css",
            swagger_favicon_url="docs/static/favicon.png",
        )


async def first_that_knows(credential: Credential, askers: Sequence[MayLook]) -> object:
    """Whoever recognises the credential; raises the last one's refusal."""
    refusal: Problem = unauthorized("The credential is not known.")
    for ask in askers:
        try:
            return await ask(credential)
        except Problem as problem:
            refusal = problem
    raise refusal
