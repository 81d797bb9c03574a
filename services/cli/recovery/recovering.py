"""Everything that is lost comes back, as far as register log, files, Kafka and the other databases know it.

Each step finds out for itself what is left to do, so that an interrupted run is simply run again.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from services.chassis.epoch import Epochs, following
from services.chassis.journal import Journal
from services.chassis.mongo import Collection, Database, Transactions
from services.chassis.positions import Positions
from services.cli.recovery.adopting import adopt_assignments, adopt_documents
from services.cli.recovery.ground import Ground
from services.cli.recovery.lost_events import put_back
from services.cli.recovery.mending import mend, say_office_anew
from services.cli.recovery.registering import Registered, read_log, register_lost
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
    contradictions: list[str] = field(default_factory=list)
    missing_files: list[str] = field(default_factory=list)


async def plan(ground: Ground, step: Step) -> Recovered:
    """What is missing, as far as that can be told without changing anything."""
    found = Recovered(epoch=await ground.epoch())
    for topic, service in PUT_BACK.items():
        found.events += await _put_back(ground, topic, service, step, dry=True)
    _note(found, await _register(ground, IntakeRecovery(*_journal(ground, "intake", 0)), step, dry=True))
    return found


async def recover(ground: Ground, step: Step, *, sweep: bool) -> Recovered:
    """`sweep`: files of no document may go to the trash again afterwards."""
    epoch = following(await ground.epoch(), datetime.now(UTC))
    for database in ground.databases.values():
        await Epochs(database).begin(epoch, "recover")
    done = Recovered(epoch=epoch)
    intake = IntakeRecovery(*_journal(ground, "intake", epoch))
    routing_database, routing_journal = _journal(ground, "routing", epoch)
    routing = RoutingRecovery(routing_database, AssignmentStore(routing_database), routing_journal)
    await _prepare(ground)
    for topic, service in PUT_BACK.items():
        done.events += await _put_back(ground, topic, service, step, dry=False)
    _note(done, await _register(ground, intake, step, dry=False))
    done.states, done.unlogged = await adopt_documents(intake, _events(ground, "intake"), step("Documents"))
    done.documents += len(done.unlogged)
    await intake.go_on_after(read_log(_register_folder(ground)).highest)
    heard, said = _events(ground, "intake"), _events(ground, "routing")
    done.assignments = await adopt_assignments(routing, said, heard, step("Assignments"))
    await say_office_anew(said, epoch)
    async with opened_reporting(ground.reporting) as reporting:
        mended = await mend(ground.databases, intake, routing, reporting, epoch, step("Skew"))
    done.sent_again, done.said_anew = mended["sent again"], mended["said anew"]
    if sweep and not done.contradictions:
        await intake.sweep_again()
    for database in ground.databases.values():
        await Epochs(database).finish()
    return done


async def _prepare(ground: Ground) -> None:
    """Indexes that the steps search by; and readers that lost their place begin at the log's start."""
    for service, database in ground.databases.items():
        await Journal(database, Transactions(database.client)).prepare_indexes()
        await Positions(ground.settings, database, service, ()).forget()
    await AssignmentStore(ground.databases["routing"]).prepare()


async def _put_back(ground: Ground, topic: str, service: str, step: Step, *, dry: bool) -> int:
    lost, progress = 0, step(f"Kafka: {topic}")
    async for count in put_back(ground.settings, topic, _events(ground, service), dry=dry):
        lost += count
        progress(count)
    return lost


async def _register(ground: Ground, intake: IntakeRecovery, step: Step, *, dry: bool) -> Registered:
    files = LocalFiles(ground.intake.data_folder / "files", 1)
    logged = read_log(_register_folder(ground))
    try:
        return await register_lost(logged, intake, _events(ground, "intake"), files, step("Register log"), dry=dry)
    finally:
        files.close()


def _note(done: Recovered, registered: Registered) -> None:
    done.documents += registered.documents
    done.contradictions += registered.contradictions
    done.missing_files += registered.missing_files


def _journal(ground: Ground, service: str, epoch: int) -> tuple[Database, Journal]:
    database = ground.databases[service]
    return database, Journal(database, Transactions(database.client), epoch)


def _events(ground: Ground, service: str) -> Collection:
    return ground.databases[service]["events"]


def _register_folder(ground: Ground) -> Path:
    return ground.intake.data_folder / "register"
