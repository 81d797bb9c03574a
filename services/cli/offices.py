"""`vanthu office`: who is who, the calendar, deadlines and rules, from one workbook or JSON file."""

import json as json_module
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer

from services.chassis.copies import Copies
from services.chassis.journal import Journal
from services.chassis.mongo import Transactions
from services.cli import office_files
from services.cli.databases import opened
from services.cli.figures import refuse
from services.cli.installation import DEFAULT_DATA, DataOption, Installation, JsonOption, installed
from services.cli.terminal import confirm, fail, output, print_json, run, say
from services.routing import loading
from services.routing.faults import OfficeFaulty
from services.routing.office import Change, OfficeFile
from services.routing.office.shipped import template as shipped_template
from services.routing.office_store import OfficeStore
from services.routing.settings import RoutingSettings

HELP = "Units, people, calendar, deadlines, catalogues and rules of an office, with their history."
app = typer.Typer(no_args_is_help=True, help=HELP)
FileArgument = Annotated[Path, typer.Argument(help="The office, as XLSX or JSON.", exists=True, dir_okay=False)]
NewFileArgument = Annotated[
    Path, typer.Argument(help="Where to write it; its ending says XLSX or JSON.", dir_okay=False)
]
YesOption = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


@app.callback()
def office() -> None:
    """Units, people, calendar, deadlines, catalogues and rules of an office, with their history."""


@app.command()
def check(
    file: FileArgument,
    file_only: Annotated[bool, typer.Option("--file-only", help="Judge the file and ask no database.")] = False,
    data: DataOption = DEFAULT_DATA,
    json: JsonOption = False,
) -> None:
    """List every error by sheet and cell (of JSON: by pointer), and show what loading would change. Changes nothing."""
    try:
        judged = office_files.read(file)
    except OfficeFaulty as faulty:
        if json:
            faults = [{"place": place, "detail": detail} for place, detail in office_files.places(faulty.faults)]
            print_json({"faults": faults, "changes": []})
        refuse(file, office_files.places(faulty.faults))
    changes = [] if file_only else run(_plan(installed(data), judged))
    if json:
        print_json({"faults": [], "changes": _as_json(changes)})
        return
    _show(changes)
    say(f"{judged.office}: the file has no error" + ("." if file_only else f"; {len(changes)} would change."))


@app.command()
def load(
    file: FileArgument,
    yes: YesOption = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would change.")] = False,
    data: DataOption = DEFAULT_DATA,
    json: JsonOption = False,
) -> None:
    """Show what the file changes, ask, and load all of it or nothing. Loading it twice changes nothing."""
    here = installed(data)
    judged = _judged(file)
    changes = run(_plan(here, judged))
    if not json:
        _show(changes)
    if changes and not dry_run:
        confirm(f"Change {len(changes)} things in the office {judged.office}?", yes)
        changes = run(_load(here, judged))
    if json:
        print_json(_as_json(changes))
    else:
        done = "would change" if dry_run else "changed"
        say(f"{judged.office}: {len(changes)} {done}." if changes else f"{judged.office}: nothing to change.")


@app.command()
def export(
    file: NewFileArgument,
    office: Annotated[str, typer.Option(help="Id of the office.")],
    yes: YesOption = False,
    data: DataOption = DEFAULT_DATA,
) -> None:
    """Write the office as it was loaded last, with its whole history: a file that can be changed and loaded again."""

    async def find() -> OfficeFile:
        async with office_store(installed(data)) as store:
            return await loading.loaded(store, office)

    try:
        found = run(find())
    except ValueError as error:
        fail(str(error))
    office_files.write(file, found, yes)
    say(f"{file}: the office {office}.")


@app.command()
def template(
    file: NewFileArgument,
    office: Annotated[str | None, typer.Option(help="Id that the office will have.")] = None,
    name: Annotated[str | None, typer.Option(help="Name of the office.")] = None,
    yes: YesOption = False,
) -> None:
    """Write an office to begin with: a provincial People's Committee office and the deadlines of the law."""
    try:
        begun = loading.judged(json_module.dumps(shipped_template(office, name)))
    except OfficeFaulty as faulty:  # of an id or a name that cannot be
        refuse(file, office_files.places(faulty.faults))
    office_files.write(file, begun, yes)
    say(f"{file}: change it, then `vanthu office check {file}`.")


def _judged(file: Path) -> OfficeFile:
    try:
        return office_files.read(file)
    except OfficeFaulty as faulty:
        refuse(file, office_files.places(faulty.faults))


def _show(changes: Iterable[Change]) -> None:
    for change in changes:
        output.print(str(change), soft_wrap=True, markup=False)


def _as_json(changes: Iterable[Change]) -> list[dict[str, object]]:
    return [{"kind": each.kind, "id": each.id, "new": each.before is None} for each in changes]


async def _plan(here: Installation, file: OfficeFile) -> list[Change]:
    async with office_store(here) as store:
        return await loading.plan(file, store, _today(here))


async def _load(here: Installation, file: OfficeFile) -> list[Change]:
    async with office_store(here) as store:
        return await loading.load(file, store, _today(here))


def _today(here: Installation) -> date:
    return datetime.now(here.settings(RoutingSettings).zone).date()


@asynccontextmanager
async def office_store(here: Installation) -> AsyncIterator[OfficeStore]:
    async with opened(here.settings(RoutingSettings), "routing") as database:
        journal = Journal(database, Transactions(database.client))
        store = OfficeStore(database, journal, Copies(database))
        await store.prepare()
        yield store
