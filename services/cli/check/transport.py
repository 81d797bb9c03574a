"""Journals, consumer groups and dead letters: is anything still on its way, or set aside?"""

from collections.abc import AsyncIterator, Mapping

from pymongo import ASCENDING

from services.chassis.dead_letters import DeadLetters, DeadLetterStatus
from services.chassis.journal import waiting_rows
from services.chassis.kafka import group_name, group_positions, missing_topics, topic_name
from services.chassis.mongo import Database
from services.chassis.settings import ChassisSettings
from services.cli.check.invariant import Counted, Fault, Finding

SHOWN = 20
UNDONE: dict[str, str] = {DeadLetterStatus.WAITING: "", DeadLetterStatus.REPLAY: " (to be replayed, not done yet)"}


async def journals_sent(databases: Mapping[str, Database]) -> AsyncIterator[Finding]:
    total = 0
    for service, database in databases.items():
        rows = database["events"]
        total += await rows.estimated_document_count()
        waiting, shown = await waiting_rows(rows, SHOWN)
        for row in shown:
            yield Fault(row["_id"], f"{service}: {row.get('stuck') or f'not sent yet, one of {waiting:,}'}")
    yield Counted(f"{total:,} events")


async def consumers_caught_up(
    settings: ChassisSettings, hears: Mapping[str, tuple[str, ...]]
) -> AsyncIterator[Finding]:
    """Every topic is there with all its partitions, and each group stands at the end of every one it hears."""
    heard = tuple(sorted({topic for topics in hears.values() for topic in topics}))
    lacking = {each.topic: each.partitions for each in await missing_topics(settings, heard)}
    for topic, partitions in lacking.items():
        what = f"{partitions} partitions instead of {settings.kafka_partitions}" if partitions else "no such topic"
        yield Fault(topic_name(settings, topic), f"{what}; see `vanthu doctor`")
    for service, topics in hears.items():
        group = group_name(settings, service)
        present = tuple(topic for topic in topics if lacking.get(topic) != 0)  # to ask for another may make it
        for partition, position in (await group_positions(settings, group, present)).items() if present else ():
            place = f"{partition.topic}[{partition.partition}]"
            if position.lost and (position.following or position.committed):
                yield Fault(place, f"group {group} has lost its position; see `vanthu resend --service {service}`")
            elif position.lag:
                yield Fault(place, f"group {group} is {position.lag:,} events behind")
    yield Counted(f"{len(hears)} groups")


async def no_dead_letters(databases: Mapping[str, Database]) -> AsyncIterator[Finding]:
    """No record waits for a decision, or has one that nobody has carried out yet."""
    counts = dict.fromkeys(UNDONE, 0)
    for service, database in databases.items():
        rows = DeadLetters(database).rows.find({"status": {"$in": list(UNDONE)}}, {"cause": 1, "status": 1})
        async for row in rows.sort("at", ASCENDING):
            counts[row["status"]] += 1
            yield Fault(row["_id"], f"{service}: {row['cause']}{UNDONE[row['status']]}")
    waiting, replay = counts.values()
    yield Counted(f"{waiting:,} waiting, {replay:,} to be replayed")
