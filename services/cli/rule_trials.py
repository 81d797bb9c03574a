"""`vanthu rules try` and `suggest`: what a draft would change, and what corrections would ask for. Neither writes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer

from services.chassis.copies import Copies
from services.chassis.journal import Journal
from services.chassis.mongo import Transactions
from services.cli.databases import opened
from services.cli.figures import refuse
from services.cli.installation import DEFAULT_DATA, DataOption, Installation, JsonOption, installed
from services.cli.terminal import fail, new_progress, new_table, output, print_json, run, say
from services.routing.corrections import decided_of
from services.routing.faults import OfficeFaulty
from services.routing.loading import require_office
from services.routing.office_store import OfficeStore
from services.routing.replay import Side, Trial, person_loads, told, unit_loads
from services.routing.settings import RoutingSettings
from services.routing.store import Store
from services.routing.suggested_rows import can_be_written, row_of, words_of
from services.routing.suggestions import Suggestion, suggestions
from services.routing.trying import Tried, as_it_was, draft_of, try_draft

OfficeOption = Annotated[
    str | None, typer.Option("--office", help="Id of the office; may be left out where only one is loaded.")
]
SHOWN = 20  # documents that a person reads; --json has all


def try_(
    file: Annotated[
        Path, typer.Argument(help="The draft: a table, a calendar or an office, as JSON.", exists=True, dir_okay=False)
    ],
    since: Annotated[datetime, typer.Option("--from", help="First day of arrival.", formats=["%Y-%m-%d"])],
    until: Annotated[datetime, typer.Option("--to", help="Last day of arrival.", formats=["%Y-%m-%d"])],
    office: OfficeOption = None,
    data: DataOption = DEFAULT_DATA,
    json: JsonOption = False,
) -> None:
    """Decide past documents once more, as now and by a draft, and show who and when would change. Writes nothing."""
    here = installed(data)
    try:
        tried = run(_tried(here, office, file.read_bytes(), since.date(), until.date()))
    except OfficeFaulty as faulty:
        refuse(file, [(fault.pointer, fault.detail) for fault in faulty.faults])
    if json:
        print_json(told(tried.trial, tried.before, tried.after))
        return
    trial = tried.trial
    _print_documents(trial)
    _print_loads(tried.before, tried.after)
    say(
        f"{trial.documents:,} documents: {trial.units_changed:,} to another unit, {trial.people_changed:,} to another "
        f"person, {trial.dates_changed:,} with another due date, {len(trial.unmatched):,} that no rule matches."
    )


def suggest(office: OfficeOption = None, data: DataOption = DEFAULT_DATA, json: JsonOption = False) -> None:
    """List what people keep correcting, with the row that would do it. Nothing is changed by it."""
    found, content = run(_suggested(installed(data), office))
    if json:
        print_json([_suggestion_as_json(each, content) for each in found])
        return
    for each in found:
        words = words_of(each)
        output.print(f"{words.vi}.\n{words.en}.", soft_wrap=True, markup=False)
        if can_be_written(each):
            print_json(row_of(each, content))
    say(f"{len(found)} suggestions. Put a row into the table before the one it corrects, then: vanthu rules try FILE")


async def the_office(store: OfficeStore, named: str | None) -> str:
    """The one that is named, or the only one there is. Fails where that is not clear."""
    if named is not None:
        await require_office(store, named)
        return named
    known = await store.names()
    if len(known) != 1:
        fail(f"There are {len(known)} offices: {', '.join(known) or 'none is loaded'}.", "Say which with --office.")
    return known[0]


async def _tried(here: Installation, office: str | None, draft: bytes, first: date, last: date) -> Tried:
    async with reading(here) as (offices, store):
        name = await the_office(offices, office)
        now = await as_it_was(offices, name, first)
        assert now is not None  # it has people
        after, zone = draft_of(draft, now, last), here.settings(RoutingSettings).zone
        with new_progress() as bar:
            task = bar.add_task("Deciding again", total=await store.count_arrived(name, first, last))
            return await try_draft(store, now, after, zone, first, last, lambda: bar.advance(task))


async def _suggested(here: Installation, office: str | None) -> tuple[list[Suggestion], dict[str, Any]]:
    async with reading(here) as (offices, store):
        name = await the_office(offices, office)
        rows = [row async for row in store.as_decided(name)]
        decided = list(decided_of(await store.corrections(name), rows))
        view = await offices.view(name)
        version = view.rules_version if view else None
        if version is None:
            fail("No version of the rules counts today.", "Load one: vanthu rules load FILE --author NAME")
        return await asyncio.to_thread(suggestions, decided), await offices.rules.content(name, version)


class Reading(NamedTuple):
    offices: OfficeStore
    store: Store


@asynccontextmanager
async def reading(here: Installation) -> AsyncIterator[Reading]:
    """routing's stores without preparing anything: not even an index is written."""
    async with opened(here.settings(RoutingSettings), "routing") as database:
        journal = Journal(database, Transactions(database.client))
        yield Reading(OfficeStore(database, journal, Copies(database)), Store(database))


def _print_documents(trial: Trial) -> None:
    table = new_table("document", "unit", "person", "due")
    for each in trial.changed[:SHOWN]:
        old, new = each.old, each.new
        dates = (str(old.due_on or "–"), str(new.due_on or "–"))
        table.add_row(
            each.document_id, _turn(old.unit_id, new.unit_id), _turn(old.person_id, new.person_id), _turn(*dates)
        )
    if trial.changed:
        output.print(table)
    if len(trial.changed) > SHOWN:
        say(f"… and {len(trial.changed) - SHOWN:,} more; --json has them all.")


def _print_loads(before: Side, after: Side) -> None:
    units = new_table("unit", "documents", "fairness (100 %: all have the same)")
    for each in unit_loads(before, after):
        fair = _turn(f"{each.fairness_before:.0%}", f"{each.fairness_after:.0%}")
        units.add_row(each.unit_id, _turn(f"{each.before:,}", f"{each.after:,}"), fair)
    people = new_table("person", "documents")
    for person, (old, new) in person_loads(before, after).items():
        people.add_row(person, _turn(f"{old:,}", f"{new:,}"))
    output.print(units, people)


def _turn(old: str | None, new: str | None) -> str:
    return (new or "nobody") if old == new else f"{old or 'nobody'} → {new or 'nobody'}"


def _suggestion_as_json(each: Suggestion, content: dict[str, Any]) -> dict[str, object]:
    row = row_of(each, content) if can_be_written(each) else None
    return {**asdict(each), "words": words_of(each)._asdict(), "row": row}
