"""Whether any service runs: what a restore changes must not be changed by anybody else meanwhile."""

import asyncio
import time

from aiokafka.errors import GroupCoordinatorNotAvailableError, GroupLoadInProgressError, NotCoordinatorForGroupError

from services.chassis.errors import Failure
from services.chassis.kafka import group_name, started_admin
from services.chassis.lease import are_held
from services.chassis.mongo import Database
from services.chassis.settings import ChassisSettings
from services.cli.names import Name

PATIENCE_SECONDS = 20.0  # whoever was killed stays a member of its group for 6 s
PAUSE_SECONDS = 1.0
NOT_YET = (GroupCoordinatorNotAvailableError, GroupLoadInProgressError, NotCoordinatorForGroupError)


class StillRunning(Failure):
    """Services that run, by name."""


async def check_at_rest(
    settings: ChassisSettings, databases: dict[str, Database], patience_seconds: float = PATIENCE_SECONDS
) -> None:
    """Raises StillRunning where any does to the end of our patience."""
    ends = time.monotonic() + patience_seconds
    while running := sorted({*await _members(settings, ends), *await _leases(databases)}):
        if time.monotonic() > ends:
            raise StillRunning(
                f"{', '.join(running)} still runs. Nothing was changed. Stop `vanthu up` and every `vanthu serve` "
                "of this installation, on all machines, then run this again."
            )
        await asyncio.sleep(PAUSE_SECONDS)


async def _members(settings: ChassisSettings, ends: float) -> list[str]:
    """Services whose consumer group has members. A broker that is new finds its coordinator a little later."""
    names = {group_name(settings, name): str(name) for name in Name}
    async with started_admin(settings) as admin:
        while True:
            try:
                # one by one: aiokafka 0.14 reads an answer about several in an older form than the broker's
                answers = [(await admin.describe_consumer_groups([each]))[0] for each in names]
                break
            except NOT_YET:
                if time.monotonic() > ends:
                    raise
                await asyncio.sleep(PAUSE_SECONDS)
    groups = [group for answer in answers for group in answer.groups]
    return [names[group[1]] for group in groups if group[1] in names and group[5]]


async def _leases(databases: dict[str, Database]) -> list[str]:
    """Services of which a process holds a lease, as all do also while Kafka is away."""
    return [name for name, database in databases.items() if await are_held(database)]
