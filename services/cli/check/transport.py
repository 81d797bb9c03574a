"""Journals, consumer groups and dead letters: is anything still on its way, or set aside?"""

from collections.abc import AsyncIterator, Mapping

from services.chassis.dead_letters import DeadLetters
from services.chassis.kafka import group_name, group_positions
from services.chassis.mongo import Database
from services.chassis.settings import ChassisSettings
from services.cli.check.invariant import Counted, Fault, Finding

SHOWN = 20


async def journals_sent(databases: Mapping[str, Database]) -> AsyncIterator[Finding]:
    total = 0
    for service, database in databases.items():
        rows = database["events"]
        total += await rows.estimated_document_count()
        waiting = await rows.count_documents({"unsent": True})
        async for row in rows.find({"unsent": True}, {"stuck": 1}).limit(SHOWN):
            yield Fault(row["_id"], f"{service}: {row.get('stuck') or f'not sent yet, one of {waiting:,}'}")
    yield Counted(f"{total:,} events")


async def consumers_caught_up(
    settings: ChassisSettings, hears: Mapping[str, tuple[str, ...]]
) -> AsyncIterator[Finding]:
    for service, topics in hears.items():
        group = group_name(settings, service)
        for partition, position in (await group_positions(settings, group, topics)).items():
            place = f"{partition.topic}[{partition.partition}]"
            if position.lost and position.following > 0:
                yield Fault(place, f"group {group} has lost its position; see `vanthu resend --service {service}`")
            elif position.lag:
                yield Fault(place, f"group {group} is {position.lag:,} events behind")
    yield Counted(f"{len(hears)} groups")


async def no_dead_letters(databases: Mapping[str, Database]) -> AsyncIterator[Finding]:
    for service, database in databases.items():
        for row in await DeadLetters(database).waiting(SHOWN):
            yield Fault(row["_id"], f"{service}: {row['cause']}")
    yield Counted("none waiting")
