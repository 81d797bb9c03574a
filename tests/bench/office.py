"""The demo's office, put into routing's database as `vanthu office load` would, and tokens of its people."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from services.chassis.foundation import lay_foundation
from services.chassis.mongo import connect
from services.chassis.settings import ChassisSettings
from services.demo.access import OFFICE_FILE, Office
from services.intake.device_keys import DeviceKeys
from services.routing.loading import create_token, judged, load
from services.routing.office_store import OfficeStore

TOKEN_HOURS = 12.0


def office() -> Office:
    return Office.read()


async def load_office(settings: ChassisSettings) -> None:
    async with _opened(settings) as store:
        await load(judged(Path(OFFICE_FILE).read_bytes()), store)
        await create_token(store, office().id, office().clerk, TOKEN_HOURS)  # so that its key is there, too


async def tokens(settings: ChassisSettings, people: tuple[str, ...]) -> dict[str, str]:
    async with _opened(settings) as store:
        return {person: await create_token(store, office().id, person, TOKEN_HOURS) for person in people}


@asynccontextmanager
async def _opened(settings: ChassisSettings) -> AsyncIterator[OfficeStore]:
    foundation = lay_foundation(settings, "routing")
    store = OfficeStore(foundation.database, foundation.journal, foundation.copies)
    try:
        await store.prepare()
        yield store
    finally:
        foundation.client.close()


async def device_keys(settings: ChassisSettings, office_id: str, devices: int = 1) -> tuple[str, ...]:
    """Of so many devices at an incoming door."""
    client = connect(settings.mongo_url.get_secret_value())
    keys = DeviceKeys(client[f"{settings.mongo_database_prefix}_intake"])
    await keys.prepare()
    made = [await keys.create(office_id, f"scan-{turn}", "incoming", "incoming") for turn in range(1, devices + 1)]
    client.close()
    return tuple(made)
