"""`vanthu office`: who is who, the calendar and the rules, from one file."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated

import typer

from services.chassis.copies import Copies
from services.chassis.journal import Journal
from services.chassis.mongo import Transactions
from services.cli.databases import opened
from services.cli.figures import refuse
from services.cli.installation import DEFAULT_DATA, DataOption, Installation, JsonOption, installed
from services.cli.terminal import confirm, fail, output, print_json, run, say
from services.routing import loading
from services.routing.faults import OfficeFaulty
from services.routing.office import Change, OfficeFile
from services.routing.office_store import OfficeStore
from services.routing.settings import RoutingSettings

app = typer.Typer(no_args_is_help=True, help="Units, people, calendar, catalogues and rules of an office.")


@app.callback()
def office() -> None:
    """Units, people, calendar, catalogues and rules of an office."""


@app.command()
def load(
    file: Annotated[Path, typer.Argument(help="The office, as JSON.", exists=True, dir_okay=False)],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would change.")] = False,
    data: DataOption = DEFAULT_DATA,
    json: JsonOption = False,
) -> None:
    """Show what the file changes, ask, and load all of it or nothing. Loading it twice changes nothing."""
    here = installed(data)
    judged = _judged(file)
    changes = run(_plan(here, judged))
    if not json:
        for change in changes:
            output.print(str(change), soft_wrap=True, markup=False)
    if changes and not dry_run:
        confirm(f"Change {len(changes)} things in the office {judged.office}?", yes)
        changes = run(_load(here, judged))
    if json:
        print_json([{"kind": each.kind, "id": each.id, "new": each.before is None} for each in changes])
    else:
        done = "would change" if dry_run else "changed"
        say(f"{judged.office}: {len(changes)} {done}." if changes else f"{judged.office}: nothing to change.")


def _judged(file: Path) -> OfficeFile:
    try:
        return loading.judged(file.read_bytes())
    except OfficeFaulty as faulty:
        refuse(file, [(fault.pointer, fault.detail) for fault in faulty.faults])
    except OSError as error:
        fail(f"{file} cannot be read: {error.strerror}.")


async def _plan(here: Installation, file: OfficeFile) -> list[Change]:
    async with office_store(here) as store:
        return await loading.plan(file, store)


async def _load(here: Installation, file: OfficeFile) -> list[Change]:
    async with office_store(here) as store:
        return await loading.load(file, store)


@asynccontextmanager
async def office_store(here: Installation) -> AsyncIterator[OfficeStore]:
    async with opened(here.settings(RoutingSettings), "routing") as database:
        journal = Journal(database, Transactions(database.client))
        store = OfficeStore(database, journal, Copies(database))
        await store.prepare()
        yield store
