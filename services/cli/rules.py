"""`vanthu rules`: an office's decision tables, checked, loaded with their dates, listed and shown."""

import json as json_module
from collections.abc import Iterable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from services.cli.figures import read_json, refuse
from services.cli.installation import DEFAULT_DATA, DataOption, Installation, JsonOption, installed
from services.cli.offices import office_store
from services.cli.rule_trials import OfficeOption, reading, suggest, the_office, try_
from services.cli.terminal import confirm, fail, new_table, output, print_json, run, say
from services.routing.faults import Fault
from services.routing.loading import require_office
from services.routing.roster import OfficeView
from services.routing.rules import judged
from services.routing.rules.judging import Judgement
from services.routing.rules.versions import RuleVersion, table_on, uncovered

app = typer.Typer(
    no_args_is_help=True, help="The rules by which documents find their unit: decision tables by version."
)
FileArgument = Annotated[
    Path, typer.Argument(help="The table, a JDM file as ZEN's editor saves it.", exists=True, dir_okay=False)
]


@app.callback()
def rules() -> None:
    """The rules by which documents find their unit: decision tables by version."""


@app.command()
def check(
    file: FileArgument,
    office: OfficeOption = None,
    office_file: Annotated[
        Path | None,
        typer.Option(
            "--office-file", help="Take the units from this office file; then no server is asked.", exists=True
        ),
    ] = None,
    data: DataOption = DEFAULT_DATA,
    json: JsonOption = False,
) -> None:
    """Say what is wrong with a table, row by row, and what could not be decided. Changes nothing; 1 means faults."""
    units, matters = _named_in(office_file) if office_file else _named_by(run(_view(installed(data), office)))
    found = judged(read_json(file), units, matters)
    _tell(found, json)
    if found.faults:
        refuse(file, _places(found.faults))
    if not json:
        say(f"{file} can be loaded: {len(found.warnings)} warnings, {len(found.unchecked)} rows could not be decided.")


@app.command()
def load(
    file: FileArgument,
    author: Annotated[str, typer.Option("--author", help="Who answers for it, as people know them.")],
    office: OfficeOption = None,
    since: Annotated[
        datetime | None,
        typer.Option("--from", help="First day on which it counts; without it, from ever.", formats=["%Y-%m-%d"]),
    ] = None,
    until: Annotated[
        datetime | None,
        typer.Option("--to", help="Last day on which it counts; without it, for good.", formats=["%Y-%m-%d"]),
    ] = None,
    note: Annotated[str, typer.Option("--note", help="Why it is made.")] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    data: DataOption = DEFAULT_DATA,
    json: JsonOption = False,
) -> None:
    """Keep a table as the newest version; on its days it decides instead of those before. It is checked first."""
    first, last = since.date() if since else date.min, until.date() if until else date.max
    if last < first:
        fail(f"It would end on {last}, before it begins on {first}.", "Give --to a day that is not before --from.")
    here, content = installed(data), read_json(file)
    view = run(_view(here, office))
    found = judged(content, *_named_by(view))
    if found.faults:
        refuse(file, _places(found.faults))
    if not json:
        _tell(found, json)
    confirm(f"Load this table for {view.office}, {_days(first, last)}?", yes)

    async def keep() -> RuleVersion:
        async with office_store(here) as store:
            return await store.rules.load(view.office, content, first, last, author, note)

    kept = run(keep())
    _warn_of_gaps([*view.versions, kept])
    if json:
        print_json(_as_json(kept))
    say(f"{view.office} has version {kept.version}, which counts {_days(first, last)}.")


@app.command("list")
def list_(office: OfficeOption = None, data: DataOption = DEFAULT_DATA, json: JsonOption = False) -> None:
    """Every version there ever was, and which one counts today."""
    view = run(_view(installed(data), office))
    counts = table_on(view.versions, _today())
    if json:
        print_json([{**_as_json(each), "counts_today": each == counts} for each in view.versions])
        return
    table = new_table("version", "counts", "author", "note", "loaded", "today")
    for each in view.versions:
        loaded = f"{each.loaded_at:%Y-%m-%d %H:%M}" if each.loaded_at else ""
        mark = "counts" if each == counts else ""
        table.add_row(str(each.version), _days(each.valid_from, each.valid_to), each.author, each.note, loaded, mark)
    output.print(table)
    _warn_of_gaps(view.versions)


@app.command()
def show(
    version: Annotated[int, typer.Argument(help="Its number, from `vanthu rules list`.", min=1)],
    office: OfficeOption = None,
    data: DataOption = DEFAULT_DATA,
) -> None:
    """Print a version's table as a JDM file, to be opened in ZEN's editor."""
    here = installed(data)

    async def read() -> dict[str, Any]:
        async with reading(here) as (store, _):
            return await store.rules.content(await the_office(store, office), version)

    output.print(json_module.dumps(run(read()), ensure_ascii=False, indent=2), soft_wrap=True, markup=False)


app.command("try")(try_)
app.command()(suggest)


async def _view(here: Installation, office: str | None) -> OfficeView:
    async with reading(here) as (store, _):
        name = await the_office(store, office)
        await require_office(store, name)
        view = await store.view(name)
        assert view is not None  # it has people
        return view


def _named_by(view: OfficeView) -> tuple[set[str], set[str] | None]:
    """Units and matters that a table may name; an office without matters of its own lets every one pass."""
    return {each for each, unit in view.units.items() if unit.active}, set(view.matters) or None


def _named_in(office_file: Path) -> tuple[set[str], None]:
    said = read_json(office_file)
    units = said.get("units") if isinstance(said, dict) else None
    if not isinstance(units, list) or not all(isinstance(each, dict) for each in units):
        fail(f"{office_file} has no units.", "Name an office file: the one that `vanthu office load` takes.")
    return {str(each.get("id")) for each in units}, None


def _tell(found: Judgement, json: bool) -> None:
    if json:
        kinds = {"faults": found.faults, "warnings": found.warnings, "unchecked": found.unchecked}
        print_json(
            {
                kind: [{"pointer": pointer, "detail": detail} for pointer, detail in _places(all)]
                for kind, all in kinds.items()
            }
        )
        return
    _list("Worth a look", found.warnings)
    _list("Not decided", found.unchecked)


def _places(findings: Iterable[Fault]) -> list[tuple[str, str]]:
    """By their place in the table's own file, not in an office's."""
    return [(each.pointer.removeprefix("/rules"), each.detail) for each in findings]


def _list(title: str, findings: Iterable[Fault]) -> None:
    for each in findings:
        output.print(f"{title}: {each.detail}", soft_wrap=True, markup=False)


def _warn_of_gaps(versions: Iterable[RuleVersion]) -> None:
    for first, last in uncovered(versions, _today()):
        say(f"No version counts {_days(first, last)}: whatever comes then waits on the clerk's list.")


def _days(first: date, last: date) -> str:
    if first == date.min and last == date.max:
        return "always"
    if first == date.min:
        return f"until {last}"
    return f"from {first}" if last == date.max else f"from {first} to {last}"


def _today() -> date:
    return datetime.now(UTC).date()


def _as_json(each: RuleVersion) -> dict[str, object]:
    return {
        "version": each.version,
        "valid_from": None if each.valid_from == date.min else each.valid_from,
        "valid_to": None if each.valid_to == date.max else each.valid_to,
        "author": each.author,
        "note": each.note,
        "loaded_at": each.loaded_at,
    }
