"""`vanthu resend`: journals are the truth, so what a reader missed can always be said again."""

from datetime import datetime
from typing import Annotated, Any

import typer

from services.chassis.mongo import Database
from services.chassis.positions import Positions
from services.chassis.settings import ChassisSettings
from services.cli.databases import opened
from services.cli.installation import DEFAULT_DATA, DataOption, Installation, JsonOption
from services.cli.names import Name
from services.cli.terminal import confirm, print_json, run, say
from services.events import EVENTS, TOPICS

PRODUCER_OF = {event.topic: event.producer for event in EVENTS}


def resend(
    topic: Annotated[list[str] | None, typer.Option(help=f"Only these topics: {', '.join(TOPICS)}.")] = None,
    key: Annotated[str | None, typer.Option(help="Only events about this id.")] = None,
    since: Annotated[datetime | None, typer.Option(help="Only events recorded since.")] = None,
    service: Annotated[
        Name | None, typer.Option(help="Also let this service, which lost its position, begin anew.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    data: DataOption = DEFAULT_DATA,
    json: JsonOption = False,
) -> None:
    """Send events from the journals again. Readers drop what they know, so it is safe at any time."""
    here = Installation(data)
    chosen = tuple(topic or TOPICS)
    for each in chosen:
        if each not in TOPICS:
            raise typer.BadParameter(f"{each} is no topic; topics are {', '.join(TOPICS)}")
    confirm(f"Send again what the journals hold of {', '.join(chosen)}?", yes)
    counts = run(_resend(here.settings(ChassisSettings), chosen, key, since, service))
    if json:
        print_json(counts)
    else:
        say(", ".join(f"{count:,} of {name}" for name, count in counts.items()) + " will be sent again.")
        if service:
            say(f"{service} begins at the log's start when it is started again.")


async def _resend(
    settings: ChassisSettings, topics: tuple[str, ...], key: str | None, since: datetime | None, service: Name | None
) -> dict[str, int]:
    wanted: dict[str, Any] = {"key": key} if key else {}
    if since:
        wanted["recorded_at"] = {"$gte": since.astimezone()}
    if service:
        async with opened(settings, service) as database:
            await Positions(settings, database, service, topics).forget()
    counts = {}
    for topic in topics:
        async with opened(settings, PRODUCER_OF[topic]) as database:
            counts[topic] = await _mark_unsent(database, {"topic": topic, **wanted})
    return counts


async def _mark_unsent(database: Database, wanted: dict[str, Any]) -> int:
    result = await database["events"].update_many(wanted, {"$set": {"unsent": True}, "$unset": {"stuck": ""}})
    return result.matched_count
