"""What a check looks at: the services' stores and journals, opened for reading."""

from collections.abc import AsyncIterable, AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from services.chassis.copies import Copies
from services.chassis.journal import Journal
from services.chassis.mongo import Database, Row, Transactions
from services.chassis.settings import ChassisSettings
from services.cli.databases import opened
from services.cli.installation import Installation
from services.events import TOPICS
from services.intake.app import HEARS_TOPICS as INTAKE_HEARS
from services.intake.files import LocalFiles
from services.intake.settings import IntakeSettings
from services.intake.store import Register
from services.notify.app import TOPICS as NOTIFY_HEARS
from services.notify.store import Store as NoticeStore
from services.reporting.app import opened as opened_reporting
from services.reporting.settings import ReportingSettings
from services.reporting.store import ReportingStore
from services.routing.app import HEARS_TOPICS as ROUTING_HEARS
from services.routing.store import Store as AssignmentStore

PRODUCERS = ("intake", "routing", "notify")
SERVICES = (*PRODUCERS, "reporting")
HEARS: dict[str, tuple[str, ...]] = {
    "intake": INTAKE_HEARS,
    "routing": ROUTING_HEARS,
    "notify": NOTIFY_HEARS,
    "reporting": TOPICS,
}


@dataclass(frozen=True)
class Ground:
    settings: ChassisSettings
    databases: dict[str, Database]
    register: Register
    files: LocalFiles
    register_folder: Path
    assignments: AssignmentStore
    notices: NoticeStore
    reporting: ReportingStore

    @property
    def journals(self) -> dict[str, Database]:
        return {name: self.databases[name] for name in PRODUCERS}

    def journal(self, service: str, topic: str) -> AsyncIterable[Row]:
        return _journal(self.databases[service]).read(topic=topic)


@asynccontextmanager
async def standing_on(here: Installation) -> AsyncIterator[Ground]:
    settings, intake = here.settings(ChassisSettings), here.settings(IntakeSettings)
    async with AsyncExitStack() as stack:
        databases = {name: await stack.enter_async_context(opened(settings, name)) for name in SERVICES}
        reporting = await stack.enter_async_context(opened_reporting(here.settings(ReportingSettings)))
        yield Ground(
            settings=settings,
            databases=databases,
            register=_register(databases["intake"], intake),
            files=LocalFiles(intake.data_folder / "files", 1),
            register_folder=intake.data_folder / "register",
            assignments=AssignmentStore(databases["routing"]),
            notices=_notices(databases["notify"]),
            reporting=reporting,
        )


def _register(database: Database, settings: IntakeSettings) -> Register:
    transactions = Transactions(database.client)
    return Register(database, _journal(database), transactions, settings.timezone, settings.clock_tolerance_seconds)


def _notices(database: Database) -> NoticeStore:
    return NoticeStore(database, _journal(database), Copies(database))


def _journal(database: Database) -> Journal:
    return Journal(database, Transactions(database.client))
