"""Everything that is lost comes back, as far as register log, files, Kafka and the other databases know it.

Each step finds out for itself what is left to do, so that an interrupted run is simply run again.
"""

import asyncio
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime

from services.chassis.epoch import Epochs, following
from services.chassis.errors import Failure
from services.chassis.journal import Journal
from services.chassis.mongo import Collection, Transactions
from services.chassis.positions import Positions
from services.cli.erasing import new_eraser
from services.cli.recovery.adopting import adopt_assignments, adopt_documents
from services.cli.recovery.ground import RECOVER, RESTORE, Ground
from services.cli.recovery.lost_events import FIRST_EVENTS, beyond, put_back, tells_of_documents
from services.cli.recovery.mending import mend, say_office_anew, streams_of
from services.cli.recovery.registering import NoRegisterLog, Registering, read_log, without_file
from services.intake.erasure_list import erased_ids, order
from services.intake.files import LocalFiles
from services.intake.recovering import Recovery as IntakeRecovery
from services.intake.recovering import keep_orphans
from services.reporting.app import opened as opened_reporting
from services.routing.recovering import Recovery as RoutingRecovery
from services.routing.store import Store as AssignmentStore

PUT_BACK = {"office": "routing", "documents": "intake", "assignments": "routing"}
Step = Callable[[str], Callable[[int], None]]


class HalfRestored(Failure):
    """A database is loaded in part only, so nothing can be said of what it lacks."""


@dataclass
class Recovered:
    """`documents` came back into the register; of them `unlogged` from their event alone. `completed` had come back so
    earlier, and have their lines' words again."""

    epoch: int = 0
    events: int = 0
    documents: int = 0
    completed: int = 0
    unlogged: list[str] = field(default_factory=list)
    states: int = 0
    assignments: int = 0
    office: int = 0
    sent_again: int = 0
    said_anew: int = 0
    erased_again: list[str] = field(default_factory=list)
    contradictions: list[str] = field(default_factory=list)
    missing_files: list[str] = field(default_factory=list)


async def plan(ground: Ground, step: Step, *, log_is_lost: bool = False) -> Recovered:
    """What is missing, as far as that can be told without changing anything. Raises HalfRestored, NoRegisterLog."""
    work = _Work(ground, await ground.epoch(), step, dry=True)
    await work.check(log_is_lost=log_is_lost)
    await work.put_events_back()
    await work.register()
    return work.done


async def recover(ground: Ground, step: Step, *, sweep: bool, log_is_lost: bool = False) -> Recovered:
    """`sweep`: files of no document may go to the trash again afterwards. `log_is_lost`: documents may come back from
    their events alone. Raises HalfRestored, NoRegisterLog."""
    work = _Work(ground, following(await ground.epoch(), datetime.now(UTC)), step)
    await work.check(log_is_lost=log_is_lost)
    await work.begin()
    await work.put_events_back()
    await work.register()
    await work.adopt()
    await work.agree()
    await work.erase_again()
    await work.look_for_files()
    if sweep and not work.done.contradictions:
        await work.intake.sweep_again()
    for database in ground.databases.values():
        await Epochs(database).finish()
    return work.done


class _Work:
    """The steps of a recovery, in their order."""

    def __init__(self, ground: Ground, epoch: int, step: Step, *, dry: bool = False) -> None:
        self._ground, self._epoch, self._step, self._dry = ground, epoch, step, dry
        routing = ground.databases["routing"]
        self.intake = IntakeRecovery(ground.databases["intake"], self._journal("intake"))
        self._routing = RoutingRecovery(routing, AssignmentStore(routing), self._journal("routing"))
        self._eraser = new_eraser(ground.settings, ground.intake, ground.databases, epoch)
        self._register = ground.intake.data_folder / "register"
        self._logged = read_log(self._register)
        self.done = Recovered(epoch=epoch)

    async def check(self, *, log_is_lost: bool) -> None:
        """Whether what everything else is compared with is there at all."""
        if half := next((each for each in await self._ground.epochs() if each.unfinished == RESTORE), None):
            raise HalfRestored(
                f"A restore of {half.of or 'a backup'} has not come to its end: part of the rows is not there yet. "
                "Nothing was changed. Run `vanthu restore` again as it was begun; afterwards `vanthu recover`."
            )
        if not self._logged and not log_is_lost and await self._there_are_documents():
            raise NoRegisterLog(
                f"There are documents, but no register log in {self._register}. Nothing was changed. Name the "
                "installation's folder with --data (and VANTHU_DATA_FOLDER), or put the log there. Is it lost for good: "
                "--without-register-log brings back what Kafka has; texts of restricted documents, senders' keys and "
                "what Kafka no longer has are then lost, and numbers that only the log knew may be given again."
            )

    async def _there_are_documents(self) -> bool:
        if await self.intake.has_any():
            return True
        first = {"topic": "documents", "type": {"$in": [each.type for each in FIRST_EVENTS]}}
        if await self._events("intake").find_one(first, {"_id": 1}):
            return True
        return await tells_of_documents(self._ground.settings)

    async def begin(self) -> None:
        """The epoch, and indexes that the steps search by; readers begin at the log's start.

        Files without a document are kept from now on, and until a recovery had nothing to complain of.
        """
        await self._ground.begin(self._epoch, RECOVER)
        await keep_orphans(self._ground.databases["intake"])
        for service, database in self._ground.databases.items():
            await self._journal(service).prepare_indexes()
            await Positions(self._ground.settings, database, service, ()).forget()
        await self._eraser.register.prepare()
        await AssignmentStore(self._ground.databases["routing"]).prepare()

    async def put_events_back(self) -> None:
        for topic, service in PUT_BACK.items():
            progress = self._step(f"Kafka: {topic}")
            async for count in put_back(self._ground.settings, topic, self._events(service), dry=self._dry):
                self.done.events += count
                progress(count)

    async def register(self) -> None:
        with closing(self._files()) as files:
            register, journal = self._eraser.register, self._events("intake")
            work = Registering(self._logged, self.intake, register, journal, files, self._dry)
            done = await work.register_lost(self._register, self._step("Register log"))
        self.done.documents += done.documents
        self.done.completed += done.completed
        self.done.contradictions += done.contradictions
        self.done.missing_files += done.missing_files

    async def adopt(self) -> None:
        documents, assignments = self._events("intake"), self._events("routing")
        adopted = await adopt_documents(self.intake, documents, self._logged.contested, self._step("Documents"))
        self.done.states, self.done.unlogged = adopted.behind, adopted.unlogged
        self.done.documents += len(adopted.unlogged)
        self.done.contradictions += [f"the number of {id} in Kafka is another's" for id in adopted.contested]
        await self.intake.go_on_after(self._logged.highest)
        self.done.assignments = await adopt_assignments(
            self._routing, assignments, documents, self._step("Assignments")
        )

    async def agree(self) -> None:
        """Notices are notify's alone: it says them anew where readers may have heard what its journal has lost."""
        databases, settings = self._ground.databases, self._ground.settings
        self.done.office = await say_office_anew(self._events("routing"), self._routing, self._epoch)
        heard = {"notify": await beyond(settings, "notices", self._events("notify"))}
        async with opened_reporting(self._ground.reporting) as reporting:
            streams = streams_of(databases, self.intake, self._routing, reporting)
            mended = await mend(databases, streams, heard, self._epoch, self._step("Skew"))
        self.done.sent_again, self.done.said_anew = mended["sent again"], mended["said anew"]

    async def erase_again(self) -> None:
        """What was destroyed for secrecy and came back with the backup; the services do their part when they start.

        A line without words is as good an order as one on the list, which an older backup may lack.
        """
        listed = await asyncio.to_thread(erased_ids, self._register)
        for id in sorted(self._logged.blanked - listed.keys()):
            await asyncio.to_thread(order, self._register, id, datetime.now(UTC))
        self.done.erased_again = await self._eraser.again("vanthu recover")

    async def look_for_files(self) -> None:
        with closing(self._files()) as files:
            self.done.missing_files += await without_file(self.intake, files, self._step("Their files"))

    def _files(self) -> LocalFiles:
        return LocalFiles(self._ground.intake.data_folder / "files", 1)

    def _journal(self, service: str) -> Journal:
        database = self._ground.databases[service]
        return Journal(database, Transactions(database.client), self._epoch)

    def _events(self, service: str) -> Collection:
        return self._ground.databases[service]["events"]
