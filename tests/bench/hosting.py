"""Some of the services behind one address, as `vanthu serve` runs them: `python -m tests.bench.hosting NAME…`."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

import uvloop

from services.chassis.host import new_server
from services.chassis.logs import set_up_logs
from services.chassis.runtime import settle_in
from services.chassis.service import Service
from services.chassis.settings import ChassisSettings
from services.cli.installation import Installation
from tests.bench.children import tell
from tests.bench.sampling import begin_if_asked


def built(names: Sequence[str]) -> list[Service]:
    """The services of this process's installation. Only what is asked for is imported."""
    here = Installation(Path(os.environ["VANTHU_DATA"]))
    services = []
    for name in names:
        settings = getattr(import_module(f"services.{name}.settings"), f"{name.title()}Settings")
        services.append(import_module(f"services.{name}.app").build(here.settings(settings)))
    return services


async def serve(names: Sequence[str]) -> None:
    """Until SIGTERM. Says `{"url": …}` when all services have started."""
    services = built(names)
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        server = new_server(services)
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        while not (serving.done() or all(service.starting for service in services)):
            await asyncio.sleep(0.01)
        for service in services:
            await service.started()
        settle_in()
        begin_if_asked()
        tell(url=f"http://127.0.0.1:{listening.getsockname()[1]}")
        await serving


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # uvicorn hands it on once it has shut down
    set_up_logs(ChassisSettings().log_level, json=True)
    uvloop.run(serve(sys.argv[1:]))
