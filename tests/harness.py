"""Services run in the test's own process on real Kafka and MongoDB, and called over HTTP."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from services.chassis.envelope import Sayable
from services.chassis.foundation import Foundation, lay_foundation
from services.chassis.host import Host
from services.chassis.service import Service
from services.chassis.settings import ChassisSettings


@asynccontextmanager
async def running(*services: Service) -> AsyncIterator[httpx.AsyncClient]:
    """The services, started, behind one address; stopped at the end."""
    for service in services:
        await service.start()
        await service.started()
    transport = httpx.ASGITransport(Host(services))
    try:
        async with httpx.AsyncClient(transport=transport, base_url="http://vanthu.test") as client:
            yield client
    finally:
        for service in services:
            await service.stop()


class Speaker:
    """Says events as the named service would: through a journal and a relay."""

    def __init__(self, foundation: Foundation) -> None:
        self.foundation = foundation

    async def say(self, *events: Sayable) -> None:
        await self.foundation.journal.transact(lambda session: self.foundation.journal.append(events, session))


@asynccontextmanager
async def speaker(settings: ChassisSettings, service: str) -> AsyncIterator[Speaker]:
    foundation = lay_foundation(settings, service)
    foundation.add_relay()
    async with started(foundation):
        yield Speaker(foundation)


@asynccontextmanager
async def started(foundation: Foundation) -> AsyncIterator[Foundation]:
    for part in foundation.first:
        await part.start()
    await foundation.prepare()
    for part in foundation.parts:
        await part.start()
    try:
        yield foundation
    finally:
        for part in reversed([*foundation.first, *foundation.parts]):
            await part.stop()


def as_bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}
