"""What a restore and a recovery work on: all databases and folders of an installation whose services are stopped."""

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any

from pydantic import SecretStr

from services.chassis.epoch import Epoch, Epochs
from services.chassis.mongo import Database
from services.chassis.owned import check_owner
from services.chassis.settings import ChassisSettings
from services.cli.databases import opened_all
from services.cli.installation import Installation
from services.cli.names import Name
from services.cli.recovery.at_rest import check_at_rest
from services.cli.terminal import fail, say
from services.embedded import EmbeddedError, EmbeddedServers
from services.intake.settings import IntakeSettings
from services.reporting.settings import ReportingSettings

RESTORE, RECOVER = "restore", "recover"  # what has to be run to its end before a service starts
READERS_FIRST = (Name.REPORTING, Name.NOTIFY, Name.ROUTING, Name.INTAKE)


@dataclass(frozen=True)
class Ground:
    settings: ChassisSettings
    intake: IntakeSettings
    reporting: ReportingSettings
    databases: dict[str, Database]

    async def epoch(self) -> int:
        """The latest of all databases."""
        return max(each.number for each in await self.epochs())

    async def epochs(self) -> list[Epoch]:
        return [await Epochs(each).current() for each in self.databases.values()]

    async def begin(self, number: int, command: str, of: str | None = None) -> None:
        """The epoch, in all databases. Raises StillRunning, with all of them as they were, where a service has started.

        One that had read the old epoch before is seen only now; one that comes later reads that it has to wait.
        """
        before = {name: await Epochs(each).begin(number, command, of) for name, each in self.databases.items()}
        try:
            await check_at_rest(self.settings, self.databases)
        except Exception:
            for name, row in before.items():
                await Epochs(self.databases[name]).undo(row)
            raise


@contextmanager
def servers(here: Installation) -> Iterator[dict[str, Any]]:
    """Settings that name both servers. Where the environment names none, this machine's own run meanwhile."""
    if running := here.running():
        fail(
            f"`vanthu up` runs in {here.data} as process {running.pid}.",
            "Stop it first: this starts the servers itself.",
        )
    named = [os.environ.get(name) for name in ("VANTHU_MONGO_URL", "VANTHU_KAFKA_BOOTSTRAP")]
    if all(named) or here.settings(ChassisSettings).model_fields_set >= {"mongo_url", "kafka_bootstrap"}:
        yield {}
        return
    embedded = EmbeddedServers(here.data, mongo_url=named[0], kafka_bootstrap=named[1], say=say)
    try:
        endpoints = embedded.start()
        given = {"mongo_url": SecretStr(endpoints.mongo_url), "kafka_bootstrap": endpoints.kafka_bootstrap}
        yield given | ({"kafka_replication": 1} if "kafka" in embedded.processes() else {})
    except EmbeddedError as error:
        fail(error.problem, error.remedy)
    finally:
        embedded.stop()


@asynccontextmanager
async def at_rest(here: Installation, given: dict[str, Any]) -> AsyncIterator[Ground]:
    """Raises StillRunning where a service runs, ForeignFolder where it could not use what is written to its folder."""
    settings = here.settings(ChassisSettings, **given)
    async with opened_all(settings, READERS_FIRST) as databases:
        await check_at_rest(settings, databases)
        intake, reporting = here.settings(IntakeSettings, **given), here.settings(ReportingSettings, **given)
        if intake.data_folder.exists():
            check_owner(intake.data_folder)
        yield Ground(settings, intake, reporting, databases)
