"""A service's database for as long as a command needs it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from services.chassis.mongo import Database, connect
from services.chassis.settings import ChassisSettings

ANSWER_MILLISECONDS = 3_000  # a person waits


@asynccontextmanager
async def opened(settings: ChassisSettings, service: str) -> AsyncIterator[Database]:
    client = connect(settings.mongo_url.get_secret_value(), serverSelectionTimeoutMS=ANSWER_MILLISECONDS)
    try:
        yield client[f"{settings.mongo_database_prefix}_{service}"]
    finally:
        client.close()
