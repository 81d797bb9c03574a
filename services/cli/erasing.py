"""Destroys what is a state secret, step by step. Each step may be repeated, so a run that was cut off is run again.

intake's part is done here; every other service cleans its own database when it hears `DocumentErased`. Journals,
dead letters and Kafka are transport, and come last: when everybody has confirmed, and every group has read so far.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from services.chassis.epoch import Epochs
from services.chassis.erasures import Erasures
from services.chassis.errors import Failure, NotFound
from services.chassis.journal import Journal
from services.chassis.mongo import Database, Row, Transactions
from services.chassis.owned import check_owner
from services.chassis.settings import ChassisSettings
from services.cli.check.figures import event_of
from services.cli.check.ground import PRODUCERS
from services.cli.databases import opened
from services.cli.emptying import empty_kafka
from services.cli.installation import Installation
from services.cli.names import Name
from services.cli.waiting import until
from services.events import AssignmentEvent, DocumentEvent
from services.intake.documents import is_erased
from services.intake.erasure_list import erased_ids, obey_where_nobody_writes, order
from services.intake.files import PART_SUFFIX, LocalFiles, take_away
from services.intake.in_flight import may_get_a_number
from services.intake.register_log import has_line_of
from services.intake.sealing import Outcome, Refused, blank_event, erased
from services.intake.settings import IntakeSettings
from services.intake.store import Register
from services.routing.assignment import blank_event as blank_assignment

READERS = ("routing", "notify", "reporting")
OWN_WAIT_SECONDS = 60.0
ON_ITS_WAY = "{} has the same bytes so far and is still being uploaded"
LATER = "What becomes of it is known in a few minutes: then run the same again."


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

    @property
    def found_anything(self) -> bool:
        return bool(self.files or self.journal_rows or self.dead_letters)


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
        ends = time.monotonic() + wait_seconds
        await self._check_folder(document_id)
        done = await self.destroy_own(document_id, by, wait_seconds)
        await until(ends, "intake's processes have not rewritten {} yet", self._late_logs)
        await until(ends, "{} has not cleaned its database yet", lambda: self._unconfirmed(document_id))
        await self._blank(document_id, by, done)
        await until(ends, "{} has not sent all of its events yet", lambda: self._unsent(document_id))
        done.deleted_until = await empty_kafka(self.settings, document_id, ends)
        await self._blank(document_id, by, done)  # what became a dead letter while the groups read on
        return done

    async def _check_folder(self, document_id: str) -> None:
        """Raises Failure before anything is changed in a folder that is not intake's: what is there would be left."""
        if await self.register.find(document_id) is None:
            raise NotFound("document")
        if not await asyncio.to_thread(has_line_of, self.folder, document_id):
            raise Failure(
                f"No register log in {self.folder} has a line of {document_id}: this is not intake's data folder, or "
                "intake has not written the line yet. Nothing was changed. Run it where that folder is mounted, and name "
                "it with VANTHU_DATA_FOLDER or --data; of a document of the last minute, run it again."
            )
        await asyncio.to_thread(check_owner, self.folder)

    async def destroy_own(self, document_id: str, by: str, wait_seconds: float) -> Destroyed:
        """Everything that needs no running service; the others do their part once they run.

        On the list is only what is erased in the register: until then the security officer may still unseal it.
        """
        row = await self.register.find(document_id)
        if row is None:
            raise NotFound("document")
        now = datetime.now(UTC)
        listed = document_id in await asyncio.to_thread(erased_ids, self.folder)
        await self.register.change(document_id, row["office"], lambda it: _erased(it, now, by, by_list=listed))
        await asyncio.to_thread(order, self.folder, document_id, now)
        done = Destroyed(document_id)
        await self._destroy_files(row["office"], done, time.monotonic() + wait_seconds)
        await self._late_logs()
        await self._blank(document_id, by, done)
        return done

    async def _destroy_files(self, office: str, done: Destroyed, ends: float) -> None:
        """First what a crash left of the same bytes under a name of no document: its own file tells which those are."""
        same = await self._settled_copies(office, done.document_id, ends)
        done.same_bytes = sorted(await self.register.known({each.name for each in same}))
        for each in same:
            if each.name not in done.same_bytes:
                done.files += await asyncio.to_thread(take_away, each)
        done.files += await asyncio.to_thread(self.files.destroy, office, done.document_id)

    async def _settled_copies(self, office: str, document_id: str, ends: float) -> list[Path]:
        """Each belongs to a document by now, or never will: what an upload still holds is its own."""

        def look() -> tuple[list[Path], list[Path]]:
            same = list(self.files.with_bytes_of(office, document_id))
            return same, [each for each in same if may_get_a_number(each)]

        while True:
            same, under_way = await asyncio.to_thread(look)
            if not under_way:
                return same
            await until(ends, ON_ITS_WAY, partial(asyncio.to_thread, _names_under_way, under_way), remedy=LATER)

    async def listed(self) -> list[str]:
        """What the list names and the register has."""
        return sorted(await self.register.known(await asyncio.to_thread(erased_ids, self.folder)))

    async def again(self, by: str) -> list[str]:
        """After a restore: everything that the list names and the backup has brought back; which ones those were."""
        return [each for each in await self.listed() if await self._brought_back(each, by)]

    async def _brought_back(self, document_id: str, by: str) -> bool:
        """Whether anything had come back. Then it is gone again, and said, because readers were restored, too."""
        row = await self.register.find(document_id)
        if row is None:
            return False
        done = await self.destroy_own(document_id, by, OWN_WAIT_SECONDS)
        if not is_erased(row):
            return True
        unheard = await self._unconfirmed(document_id) and not await self._unsent(document_id)
        if not (done.files or done.journal_rows or done.dead_letters or unheard):
            return False
        now = datetime.now(UTC)
        await self.register.change(document_id, row["office"], lambda it: _erased(it, now, by, by_list=True, anew=True))
        return True

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


def _names_under_way(paths: list[Path]) -> list[str]:
    return [each.name.removesuffix(PART_SUFFIX) for each in paths if may_get_a_number(each)]
