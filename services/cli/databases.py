"""A service's database for as long as a command needs it."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

from services.chassis.mongo import Database, connect
from services.chassis.settings import ChassisSettings

ANSWER_MILLISECONDS = 3_000  # a person waits


@asynccontextmanager
async def opened(settings: ChassisSettings, service: str) -> AsyncIterator[Database]:
    async with opened_all(settings, [service]) as databases:
        yield databases[service]


@asynccontextmanager
async def opened_all(settings: ChassisSettings, services: Iterable[str]) -> AsyncIterator[dict[str, Database]]:
    """By service, in this order, all of one client: a session can be of all of them."""
    client = connect(settings.mongo_url.get_secret_value(), serverSelectionTimeoutMS=ANSWER_MILLISECONDS)
    try:
        yield {str(each): client[f"{settings.mongo_database_prefix}_{each}"] for each in services}
    finally:
        client.close()
