"""`vanthu up` and `vanthu serve`: services in a process, from first breath to a clean end."""

import asyncio
import contextlib
import errno
import os
import signal
import socket
from collections.abc import Callable, Sequence
from types import FrameType
from typing import Annotated, Any

import typer
import uvloop
from pydantic import SecretStr

from services.chassis.errors import Failure
from services.chassis.host import new_server
from services.chassis.kafka import create_topics, missing_topics
from services.chassis.logs import set_up_logs
from services.chassis.runtime import settle_in
from services.chassis.service import Service
from services.chassis.settings import ChassisSettings
from services.cli.composition import compose
from services.cli.installation import (
    DEFAULT_DATA,
    DataOption,
    Installation,
    Running,
    SettingsFaulty,
    read_settings,
)
from services.cli.names import Name
from services.cli.terminal import fail, say
from services.embedded import EmbeddedError, EmbeddedServers, Endpoints
from services.events import TOPICS

HostOption = Annotated[str, typer.Option(help="Address to listen on.")]
PortOption = Annotated[
    int, typer.Option(envvar="VANTHU_PORT", min=0, max=65535, help="Port to listen on; 0 takes a free one.")
]
WATCH_SECONDS = 1.0


class Ended(Failure):
    """An embedded server has ended by itself."""


def up(data: DataOption = DEFAULT_DATA, host: HostOption = "127.0.0.1", port: PortOption = 8080) -> None:
    """Run everything on this machine: Kafka and MongoDB (unless VANTHU_* names others) and the four services.

    Ends with exit code 1 when Kafka or mongod ends; let whatever supervises it start it again.
    """
    here = Installation(data.resolve())
    if running := here.running():
        fail(f"`vanthu up` already runs in {data} as process {running.pid}.", "Stop it first, or use it as it is.")
    here.drop_note()  # of a process that was killed
    signal.signal(signal.SIGTERM, _leave)
    _set_up_logs()
    listening = _listen(host, port)
    say("Đang khởi động… · Starting…")
    embedded = EmbeddedServers(
        here.data,
        mongo_url=os.environ.get("VANTHU_MONGO_URL"),
        kafka_bootstrap=os.environ.get("VANTHU_KAFKA_BOOTSTRAP"),
        say=say,
    )
    try:
        endpoints = embedded.start()
        uvloop.run(_up(here, endpoints, embedded, listening))
    except EmbeddedError as error:
        fail(error.problem, error.remedy)
    except Failure as failure:
        fail(str(failure))
    finally:
        here.drop_note()
        embedded.stop()


def serve(
    services: Annotated[list[Name], typer.Argument(help="Which services this process runs.")],
    data: DataOption = DEFAULT_DATA,
    host: HostOption = "127.0.0.1",
    port: PortOption = 8080,
) -> None:
    """Run some of the services in this process, on the Kafka and MongoDB that VANTHU_* names."""
    here = Installation(data.resolve())
    _set_up_logs()
    listening = _listen(host, port)
    try:
        uvloop.run(_run(compose(services, here, {}), listening, lambda: say(f"Ready on {_url(listening)}")))
    except Failure as failure:
        fail(str(failure))


def _set_up_logs() -> None:
    try:
        level = read_settings(ChassisSettings).log_level
    except SettingsFaulty as faulty:
        fail(str(faulty))
    set_up_logs(level, json=not os.isatty(2))


def _leave(number: int, frame: FrameType | None) -> None:
    """Until the services listen for signals themselves: what was started is still stopped."""
    raise SystemExit(0)


async def _up(here: Installation, endpoints: Endpoints, embedded: EmbeddedServers, listening: socket.socket) -> None:
    given: dict[str, object] = {
        "mongo_url": SecretStr(endpoints.mongo_url),
        "kafka_bootstrap": endpoints.kafka_bootstrap,
        "metrics_token": SecretStr(here.metrics_token()),
    }
    if "kafka" in embedded.processes():
        given["kafka_replication"] = 1
        await _make_topics(here.settings(ChassisSettings, **given))
    running = Running(
        pid=os.getpid(),
        url=_url(listening),
        mongo_url=endpoints.mongo_url,
        kafka_bootstrap=endpoints.kafka_bootstrap,
        metrics_token=here.metrics_token(),
    )

    def ready() -> None:
        here.take_note(running)
        say(f"Văn thư sẵn sàng · Vanthu is ready: {running.url}  (Ctrl-C stops it)")

    await _run(compose(list(Name), here, given), listening, ready, embedded.told_of_ended)


async def _make_topics(settings: ChassisSettings) -> None:
    if await missing_topics(settings, TOPICS):
        await create_topics(settings, TOPICS)


async def _run(
    services: Sequence[Service],
    listening: socket.socket,
    ready: Callable[[], None],
    ended: Callable[[], str] = str,
) -> None:
    """Serve until a signal; raises what kept a service from starting, or Ended."""
    server = new_server(services)
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    starting = asyncio.create_task(_until_started(services, ready))
    watching = asyncio.create_task(_until_ended(ended))
    others = asyncio.gather(starting, watching)
    first: set[asyncio.Future[Any]] = {serving, others}
    await asyncio.wait(first, return_when=asyncio.FIRST_COMPLETED)
    server.should_exit = True
    await serving
    if not others.done():
        others.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await others


async def _until_started(services: Sequence[Service], ready: Callable[[], None]) -> None:
    while not all(service.starting for service in services):
        await asyncio.sleep(0.01)
    for service in services:
        await service.started()
    settle_in()
    ready()


async def _until_ended(ended: Callable[[], str]) -> None:
    while not (told := ended()):
        await asyncio.sleep(WATCH_SECONDS)
    say(f"{told} The services stop now, which may take half a minute.")
    raise Ended(f"{told} Nothing is lost: start again to go on.")


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        own = error.errno == errno.EADDRNOTAVAIL
        remedy = "Choose a --host that this machine has." if own else "Choose another --port, or 0 for a free one."
        fail(f"Cannot listen on {host}:{port}: {error.strerror}.", remedy)
    return listening


def _url(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
