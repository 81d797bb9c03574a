"""`vanthu dead-letters`: look at what a service could not use, and decide what becomes of it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

import typer

from services.chassis.dead_letters import DeadLetters, DeadLetterStatus
from services.chassis.mongo import Row
from services.chassis.settings import ChassisSettings
from services.cli.databases import opened
from services.cli.installation import DEFAULT_DATA, DataOption, Installation, JsonOption, installed
from services.cli.names import Name
from services.cli.terminal import fail, new_table, output, print_json, run, say
from services.cli.user import user_name

app = typer.Typer(no_args_is_help=True, help="Records that a service could not use, kept until somebody decides.")
Ids = Annotated[list[str], typer.Argument(help="Ids as `list` shows them, or `all`.")]
ServiceArgument = Annotated[Name, typer.Argument(help="The service whose dead letters are meant.")]


@app.command("list")
def list_(data: DataOption = DEFAULT_DATA, json: JsonOption = False) -> None:
    """Every dead letter that waits for a decision, in all services."""
    rows = run(_waiting(installed(data)))
    if json:
        print_json([{**_summary(row), "service": name} for name, row in rows])
        return
    table = new_table("id", "service", "type", "cause", "since")
    for name, row in rows:
        table.add_row(row["_id"], name, _header(row, "ce_type"), row["cause"][:80], f"{row['at']:%Y-%m-%d %H:%M}")
    output.print(table if rows else "No dead letters.")


@app.command()
def show(service: ServiceArgument, id: str, data: DataOption = DEFAULT_DATA) -> None:
    """One dead letter with its bytes. They may be personal: mind who looks over your shoulder."""

    async def find() -> Row | None:
        async with _letters(installed(data), service) as letters:
            return await letters.find(id)

    row = run(find())
    if row is None:
        fail(f"{service} has no dead letter {id}.", "`vanthu dead-letters list` shows those there are.")
    value = bytes(row["value"] or b"").decode("utf-8", "backslashreplace")
    print_json({**_summary(row), "value": value, "audit": row.get("audit", [])})


@app.command()
def replay(service: ServiceArgument, ids: Ids, data: DataOption = DEFAULT_DATA) -> None:
    """Try them again: the running service takes them up within seconds. What fails again waits again."""
    say(f"{run(_decide(installed(data), service, ids, DeadLetterStatus.REPLAY))} to be replayed.")


@app.command()
def discard(service: ServiceArgument, ids: Ids, data: DataOption = DEFAULT_DATA) -> None:
    """Leave them be. The record is kept, with who decided."""
    say(f"{run(_decide(installed(data), service, ids, DeadLetterStatus.DISCARDED))} discarded.")


@asynccontextmanager
async def _letters(here: Installation, name: str) -> AsyncIterator[DeadLetters]:
    async with opened(here.settings(ChassisSettings), name) as database:
        yield DeadLetters(database)


async def _waiting(here: Installation) -> list[tuple[str, Row]]:
    found: list[tuple[str, Row]] = []
    for name in Name:
        async with _letters(here, name) as letters:
            found += [(name, row) for row in await letters.waiting()]
    return found


async def _decide(here: Installation, service: Name, ids: list[str], status: DeadLetterStatus) -> int:
    async with _letters(here, service) as letters:
        chosen = [row["_id"] for row in await letters.waiting()] if ids == ["all"] else ids
        unknown = [each for each in chosen if not await letters.decide(each, status, user_name())]
    if unknown:
        fail(f"{service} has no dead letter {', '.join(unknown)}.", "`vanthu dead-letters list` shows those there are.")
    return len(chosen)


def _summary(row: Row) -> dict[str, Any]:
    place = {name: row[name] for name in ("topic", "partition", "offset", "cause", "status", "at")}
    return {"id": row["_id"], "type": _header(row, "ce_type"), **place}


def _header(row: Row, name: str) -> str:
    value = next((bytes(value) for each, value in row["headers"] if each == name), b"")
    return value.decode("utf-8", "backslashreplace")
