"""`vanthu published`, `recompute` and `rebuild`: what reporting's figures stand on."""

import json as json_module
from collections.abc import AsyncIterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from services.chassis.journal import Journal
from services.chassis.mongo import Transactions
from services.chassis.settings import ChassisSettings
from services.cli.check.figures import event_of
from services.cli.databases import opened as opened_database
from services.cli.installation import DEFAULT_DATA, DataOption, JsonOption, installed
from services.cli.journals import PRODUCER_OF
from services.cli.terminal import confirm, errors, fail, new_progress, print_json, run, say
from services.events import Event
from services.reporting.app import opened
from services.reporting.difference import Difference
from services.reporting.loading import load_published
from services.reporting.published import Judgement
from services.reporting.rebuild import Rebuilt
from services.reporting.rebuild import rebuild as rebuild_facts
from services.reporting.rebuild import recompute as recompute_counters
from services.reporting.settings import ReportingSettings

published = typer.Typer(no_args_is_help=True, help="Tables that the office has published, to stand beside ours.")
TOPICS_OF_FACTS = ("documents", "assignments", "notices")


class Rebuildable(StrEnum):
    REPORTING = "reporting"


@published.callback()
def published_() -> None:
    """Tables that the office has published, to stand beside ours."""


@published.command()
def load(
    file: Annotated[Path, typer.Argument(help="The table, as JSON.", exists=True, dir_okay=False)],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only judge the file.")] = False,
    data: DataOption = DEFAULT_DATA,
    json: JsonOption = False,
) -> None:
    """Keep a published table; it replaces an earlier one of the same office and period."""

    async def keep(document: object) -> Judgement:
        async with opened(installed(data).settings(ReportingSettings)) as store:
            return await load_published(store, document, dry_run=dry_run)

    judgement = run(keep(read_json(file)))
    if json:
        print_json(_judged(judgement, dry_run))
    if judgement.table is None:
        refuse(file, [(fault.pointer, fault.detail) for fault in judgement.faults])
    if json:
        return
    period = f"{judgement.table.first_day} – {judgement.table.last_day}"
    say(f"{'Would keep' if dry_run else 'Kept'} the table of {judgement.table.office} for {period}.")


def _judged(judgement: Judgement, dry_run: bool) -> dict[str, object]:
    table = judgement.table
    named = {"office": table.office, "from": table.first_day, "to": table.last_day} if table else {}
    faults = [{"pointer": each.pointer, "detail": each.detail} for each in judgement.faults]
    return {**named, "kept": bool(table) and not dry_run, "faults": faults}


def recompute(data: DataOption = DEFAULT_DATA, json: JsonOption = False) -> None:
    """Count all facts anew beside the live counters, then let the new ones count."""

    async def count() -> list[Difference]:
        async with opened(installed(data).settings(ReportingSettings)) as store:
            with new_progress() as bar:
                task = bar.add_task("Counting facts", total=await store.size())
                return await recompute_counters(store, progress=lambda count: bar.advance(task, count))

    found = run(count())
    if json:
        print_json([{name: getattr(each, name) for name in each.__slots__} for each in found])
        return
    for each in found:
        say(f"{each.office} {each.series} {each.period} {each.cell}: was {each.counted}, is {each.expected}")
    say(f"{len(found)} cells were wrong." if found else "Every cell was right.")


def rebuild(
    what: Annotated[Rebuildable, typer.Argument(help="What is built anew from the journals.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    data: DataOption = DEFAULT_DATA,
    json: JsonOption = False,
) -> None:
    """Build all facts from the journals beside the live ones, then let the new ones count. Traffic may go on."""
    confirm(f"Build {what} anew from the journals?", yes)
    here = installed(data)
    chassis = here.settings(ChassisSettings)

    async def build() -> Rebuilt:
        async with opened(here.settings(ReportingSettings)) as store:
            with new_progress() as bar:
                task = bar.add_task("Reading journals", total=await count_events(chassis))
                return await rebuild_facts(store, all_events(chassis), progress=lambda count: bar.advance(task, count))

    rebuilt = run(build())
    if json:
        print_json({"facts": rebuilt.facts, "events": rebuilt.events})
        return
    say(f"{rebuilt.facts:,} facts from {rebuilt.events:,} events.")


async def all_events(settings: ChassisSettings) -> AsyncIterator[Event]:
    """Every event that makes a fact, journal after journal."""
    for topic in TOPICS_OF_FACTS:
        async with opened_database(settings, PRODUCER_OF[topic]) as database:
            journal = Journal(database, Transactions(database.client))
            async for row in journal.read(topic=topic):
                yield event_of(row)


async def count_events(settings: ChassisSettings) -> int:
    total = 0
    for topic in TOPICS_OF_FACTS:
        async with opened_database(settings, PRODUCER_OF[topic]) as database:
            total += await database["events"].count_documents({"topic": topic})
    return total


def read_json(file: Path) -> object:
    try:
        return json_module.loads(file.read_text(encoding="utf-8"))
    except (ValueError, UnicodeDecodeError) as error:
        fail(f"{file} is no JSON: {error}", "Correct the file at the place named.")


def refuse(file: Path, faults: list[tuple[str, str]]) -> NoReturn:
    """Every fault with its place, then the end: nothing was changed."""
    for pointer, detail in faults:
        errors.print(f"  {pointer or '/'}: {detail}", soft_wrap=True)
    fail(f"{file} has {len(faults)} faults; nothing was changed.", "Correct the places named and load it again.")
