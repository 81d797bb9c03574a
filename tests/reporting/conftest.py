"""A store of its own for each test, and the whole service when a test asks over HTTP."""

from collections.abc import AsyncIterator

import pytest

from services.chassis.settings import ChassisSettings
from services.reporting.app import opened
from services.reporting.settings import ReportingSettings
from services.reporting.store import ReportingStore


@pytest.fixture
def reporting_settings(settings: ChassisSettings) -> ReportingSettings:
    return ReportingSettings(**settings.model_dump())


@pytest.fixture
async def store(reporting_settings: ReportingSettings) -> AsyncIterator[ReportingStore]:
    async with opened(reporting_settings) as store:
        yield store
