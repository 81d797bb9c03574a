"""intake, running with two offices that it knows."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from services.chassis.mongo import connect
from services.chassis.settings import ChassisSettings
from services.intake.app import build
from services.intake.device_keys import DeviceKeys
from services.intake.settings import IntakeSettings
from tests.harness import running
from tests.intake.scanner import Scanner
from tests.offices import HA_TINH, NGHE_AN, introduce_offices


@pytest.fixture
def intake_settings(settings: ChassisSettings, tmp_path: Path) -> IntakeSettings:
    return IntakeSettings(**settings.model_dump(), data_folder=tmp_path / "data", max_document_bytes=3_000_000)


@pytest.fixture
async def database(intake_settings: IntakeSettings) -> AsyncIterator[Any]:
    client = connect(intake_settings.mongo_url.get_secret_value())
    yield client[f"{intake_settings.mongo_database_prefix}_intake"]
    client.close()


@dataclass(frozen=True)
class Running:
    """One scanner per office, an outgoing door, and the database behind them."""

    client: httpx.AsyncClient
    app: FastAPI
    settings: IntakeSettings
    database: Any
    scanner: Scanner
    neighbour: Scanner
    outgoing: Scanner

    @property
    def files(self) -> list[Path]:
        return [path for path in (self.settings.data_folder / "files").rglob("*") if path.is_file()]


@pytest.fixture
async def intake(intake_settings: IntakeSettings, database: Any) -> AsyncIterator[Running]:
    service = build(intake_settings)
    async with running(service) as client:
        await introduce_offices(intake_settings, "intake")
        keys = DeviceKeys(database)
        yield Running(
            client,
            service.app,
            intake_settings,
            database,
            Scanner(client, await keys.create(HA_TINH, "scanner-1", "incoming", "incoming")),
            Scanner(client, await keys.create(NGHE_AN, "scanner-1", "incoming", "incoming")),
            Scanner(client, await keys.create(HA_TINH, "issuing", "outgoing", "outgoing")),
        )
