"""Destroys what is a state secret, step by step. Each step may be repeated, so a run that was cut off is run again.

intake's part is done here; every other service cleans its own database when it hears `DocumentErased`. Journals,
dead letters and Kafka are transport, and come last: when everybody has confirmed, and every group has read so far.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from aiokafka import TopicPartition

from services.chassis.epoch import Epochs
from services.chassis.erasures import Erasures
from services.chassis.errors import Failure, NotFound
from services.chassis.journal import Journal
from services.chassis.kafka import delete_until, group_name, group_positions, partition_of
from services.chassis.mongo import Database, Row, Transactions
from services.chassis.settings import ChassisSettings
from services.cli.check.figures import event_of
from services.cli.check.ground import HEARS, PRODUCERS
from services.cli.databases import opened
from services.cli.installation import Installation
from services.cli.names import Name
from services.events import AssignmentEvent, DocumentEvent
from services.intake.erasure_list import erased_ids, obey_where_nobody_writes, order
from services.intake.files import LocalFiles, take_away
from services.intake.sealing import Outcome, Refused, blank_event, erased
from services.intake.settings import IntakeSettings
from services.intake.store import Register
from services.routing.assignment import blank_event as blank_assignment

TOPICS = ("documents", "assignments", "notices")
READERS = ("routing", "notify", "reporting")
LOOK_SECONDS = 0.5


@dataclass
class Destroyed:
    """What was found and is gone; `deleted_until` are Kafka's partitions with their first readable offset.

    `same_bytes` are other documents that stay: each has a number of its own, and is judged by itself.
    """

    document_id: str
    files: int = 0
    journal_rows: int = 0
    dead_letters: int = 0
    deleted_until: dict[str, int] = field(default_factory=dict)
    same_bytes: list[str] = field(default_factory=list)


@dataclass
class Eraser:
    settings: ChassisSettings
    register: Register
    files: LocalFiles
    erasures: dict[str, Erasures]

    @property
    def folder(self) -> Path:
        return self.files.folder.parent / "register"

    async def destroy(self, document_id: str, by: str, wait_seconds: float) -> Destroyed:
        """All of it. Raises Failure where the document is not confirmed, or somebody has not done their part in time."""
        done = await self.destroy_own(document_id, by)
        ends = time.monotonic() + wait_seconds
        await _until(ends, "intake's processes have not rewritten {}", self._late_logs)
        await _until(ends, "{} has not cleaned its database", lambda: self._unconfirmed(document_id))
        await self._blank(document_id, by, done)
        await _until(ends, "{} has not sent all of its events", lambda: self._unsent(document_id))
        done.deleted_until = await self._empty_kafka(document_id, ends)
        await self._blank(document_id, by, done)  # what became a dead letter while the groups read on
        return done

    async def destroy_own(self, document_id: str, by: str, *, anew: bool = False) -> Destroyed:
        """Everything that needs no running service; the others do their part once they run.

        On the list is only what is erased in the register: until then the security officer may still unseal it.
        """
        row = await self.register.find(document_id)
        if row is None:
            raise NotFound("document")
        now = datetime.now(UTC)
        listed = document_id in await asyncio.to_thread(erased_ids, self.folder)
        await self.register.change(
            document_id, row["office"], lambda it: _erased(it, now, by, by_list=listed, anew=anew)
        )
        await asyncio.to_thread(order, self.folder, document_id, now)
        done = Destroyed(document_id)
        await self._destroy_files(row["office"], done)
        await self._late_logs()
        await self._blank(document_id, by, done)
        return done

    async def _destroy_files(self, office: str, done: Destroyed) -> None:
        """First what a crash left of the same bytes under a name of no document: its own file tells which those are."""
        same = await asyncio.to_thread(list, self.files.with_bytes_of(office, done.document_id))
        done.same_bytes = sorted(await self.register.known({each.name for each in same}))
        for each in same:
            if each.name not in done.same_bytes:
                done.files += await asyncio.to_thread(take_away, each)
        done.files += await asyncio.to_thread(self.files.destroy, office, done.document_id)

    async def again(self, by: str) -> list[str]:
        """After a restore: everything that the list names and the backup has brought back; which ones those were."""
        named = await asyncio.to_thread(erased_ids, self.folder)
        there = sorted(await self.register.known(named))
        for each in there:
            await self.destroy_own(each, by, anew=True)
        return there

    async def _late_logs(self) -> list[str]:
        return [path.name for path in await asyncio.to_thread(obey_where_nobody_writes, self.folder)]

    async def _unconfirmed(self, document_id: str) -> list[str]:
        return [name for name in READERS if not await self.erasures[name].is_confirmed(document_id)]

    async def _unsent(self, document_id: str) -> list[str]:
        return [name for name in PRODUCERS if not await self.erasures[name].is_sent(document_id)]

    async def _blank(self, document_id: str, by: str, done: Destroyed) -> None:
        for each in self.erasures.values():
            done.journal_rows += await each.blank_journal(document_id, blank_value)
            done.dead_letters += await each.blank_letters(document_id, by)

    async def _empty_kafka(self, document_id: str, ends: float) -> dict[str, int]:
        """Its partitions up to where they end now, also what others said there: the journals have that."""
        positions = await group_positions(self.settings, group_name(self.settings, "reporting"), TOPICS)
        numbers = {topic: partition_of(document_id, self.settings.kafka_partitions) for topic in TOPICS}
        until = {each: at.following for each, at in positions.items() if numbers[_topic(each)] == each.partition}
        await _until(ends, "{} has not read Kafka so far", lambda: self._behind(until))
        return {
            f"{each.topic}[{each.partition}]": first
            for each, first in (await delete_until(self.settings, until)).items()
        }

    async def _behind(self, until: dict[TopicPartition, int]) -> list[str]:
        late = []
        for service, topics in HEARS.items():
            heard = tuple(each for each in TOPICS if each in topics)
            positions = await group_positions(self.settings, group_name(self.settings, service), heard)
            if any((positions[each].committed or 0) < last for each, last in until.items() if each in positions):
                late.append(service)
        return late


@asynccontextmanager
async def opened_eraser(here: Installation) -> AsyncIterator[Eraser]:
    settings, intake = here.settings(ChassisSettings), here.settings(IntakeSettings)
    async with AsyncExitStack() as stack:
        databases = {name.value: await stack.enter_async_context(opened(settings, name)) for name in Name}
        yield new_eraser(settings, intake, databases, await Epochs(databases["intake"]).settled())


def new_eraser(
    settings: ChassisSettings, intake: IntakeSettings, databases: Mapping[str, Database], epoch: int
) -> Eraser:
    """What it says is said in this epoch."""
    database = databases["intake"]
    transactions = Transactions(database.client)
    journal = Journal(database, transactions, epoch)
    register = Register(database, journal, transactions, intake.timezone, intake.clock_tolerance_seconds)
    erasures = {name: Erasures(each) for name, each in databases.items()}
    return Eraser(settings, register, LocalFiles(intake.data_folder / "files", 1), erasures)


def blank_value(row: Row) -> str:
    """A journal row's value without a word of the document."""
    event = event_of(row)
    if isinstance(event, DocumentEvent):
        return blank_event(event).model_dump_json()
    if isinstance(event, AssignmentEvent):
        return blank_assignment(event).model_dump_json()
    return str(row["value"])


def _erased(row: Row, now: datetime, by: str, *, by_list: bool, anew: bool = False) -> Outcome:
    try:
        return erased(row, now, by, by_list=by_list, anew=anew)
    except Refused as refusal:
        raise Failure(f"{refusal} {refusal.remedy}") from None


async def _until(ends: float, late: str, who: Callable[[], Awaitable[list[str]]]) -> None:
    while names := await who():
        if time.monotonic() > ends:
            said = late.format(", ".join(names))
            raise Failure(f"{said} yet. See that it runs (`vanthu doctor`, `vanthu check`), then run the same again.")
        await asyncio.sleep(LOOK_SECONDS)


def _topic(partition: TopicPartition) -> str:
    return str(partition.topic).rpartition(".")[2]
