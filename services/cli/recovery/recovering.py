"""Everything that is lost comes back, as far as register log, files, Kafka and the other databases know it.

Each step finds out for itself what is left to do, so that an interrupted run is simply run again.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from services.chassis.epoch import Epochs, following
from services.chassis.journal import Journal
from services.chassis.mongo import Collection, Transactions
from services.chassis.positions import Positions
from services.cli.erasing import new_eraser
from services.cli.recovery.adopting import adopt_assignments, adopt_documents
from services.cli.recovery.ground import Ground
from services.cli.recovery.lost_events import put_back
from services.cli.recovery.mending import mend, say_office_anew
from services.cli.recovery.registering import read_log, register_lost
from services.intake.files import LocalFiles
from services.intake.recovering import Recovery as IntakeRecovery
from services.reporting.app import opened as opened_reporting
from services.routing.recovering import Recovery as RoutingRecovery
from services.routing.store import Store as AssignmentStore

PUT_BACK = {"documents": "intake", "assignments": "routing"}
Step = Callable[[str], Callable[[int], None]]


@dataclass
class Recovered:
    """`documents` came back into the register; of them `unlogged` from their event alone."""

    epoch: int = 0
    events: int = 0
    documents: int = 0
    unlogged: list[str] = field(default_factory=list)
    states: int = 0
    assignments: int = 0
    sent_again: int = 0
    said_anew: int = 0
    erased_again: list[str] = field(default_factory=list)
    contradictions: list[str] = field(default_factory=list)
    missing_files: list[str] = field(default_factory=list)


async def plan(ground: Ground, step: Step) -> Recovered:
    """What is missing, as far as that can be told without changing anything."""
    work = _Work(ground, await ground.epoch(), step, dry=True)
    await work.put_events_back()
    await work.register()
    return work.done


async def recover(ground: Ground, step: Step, *, sweep: bool) -> Recovered:
    """`sweep`: files of no document may go to the trash again afterwards."""
    work = _Work(ground, following(await ground.epoch(), datetime.now(UTC)), step)
    await work.begin()
    await work.put_events_back()
    await work.register()
    await work.adopt()
    await work.agree()
    await work.erase_again()
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
        self._logged = read_log(ground.intake.data_folder / "register")
        self.done = Recovered(epoch=epoch)

    async def begin(self) -> None:
        """The epoch, and indexes that the steps search by; readers that lost their place begin at the log's start."""
        for service, database in self._ground.databases.items():
            await Epochs(database).begin(self._epoch, "recover")
            await self._journal(service).prepare_indexes()
            await Positions(self._ground.settings, database, service, ()).forget()
        await AssignmentStore(self._ground.databases["routing"]).prepare()

    async def put_events_back(self) -> None:
        for topic, service in PUT_BACK.items():
            progress = self._step(f"Kafka: {topic}")
            async for count in put_back(self._ground.settings, topic, self._events(service), dry=self._dry):
                self.done.events += count
                progress(count)

    async def register(self) -> None:
        files = LocalFiles(self._ground.intake.data_folder / "files", 1)
        progress, events = self._step("Register log"), self._events("intake")
        try:
            done = await register_lost(self._logged, self.intake, events, files, progress, dry=self._dry)
        finally:
            files.close()
        self.done.documents += done.documents
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
        await say_office_anew(self._events("routing"), self._epoch)
        databases = self._ground.databases
        async with opened_reporting(self._ground.reporting) as reporting:
            mended = await mend(databases, self.intake, self._routing, reporting, self._epoch, self._step("Skew"))
        self.done.sent_again, self.done.said_anew = mended["sent again"], mended["said anew"]

    async def erase_again(self) -> None:
        """What was destroyed for secrecy and came back with the backup; the services do their part when they start."""
        ground = self._ground
        eraser = new_eraser(ground.settings, ground.intake, ground.databases, self._epoch)
        self.done.erased_again = await eraser.again("vanthu recover")

    def _journal(self, service: str) -> Journal:
        database = self._ground.databases[service]
        return Journal(database, Transactions(database.client), self._epoch)

    def _events(self, service: str) -> Collection:
        return self._ground.databases[service]["events"]
