"""`vanthu resend`: journals are the truth, so what a reader missed can always be said again."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated, Any

import typer

from services.chassis.journal import rows_about
from services.chassis.mongo import Collection
from services.chassis.positions import Positions
from services.chassis.settings import ChassisSettings
from services.cli.databases import opened
from services.cli.installation import DEFAULT_DATA, DataOption, JsonOption, installed
from services.cli.names import Name
from services.cli.terminal import confirm, new_progress, print_json, run, say
from services.events import EVENTS, TOPICS

PIECE_ROWS = 2000
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
    here = installed(data)
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
    wanted: dict[str, Any] = {"key": key, **rows_about([key])} if key else {}
    if since:
        wanted["recorded_at"] = {"$gte": since.astimezone()}
    if service:
        async with opened(settings, service) as database:
            await Positions(settings, database, service, topics).forget()
    counts = {}
    with new_progress() as bar:
        for topic in topics:
            async with opened(settings, PRODUCER_OF[topic]) as database:
                rows = database["events"]
                asked = {"topic": topic, **wanted}
                task = bar.add_task(f"Marking {topic}", total=None)  # a count would read the whole journal first
                counts[topic] = 0
                async for count in marked_unsent(rows, asked):
                    counts[topic] += count
                    bar.advance(task, count)
    return counts


async def marked_unsent(rows: Collection, wanted: dict[str, Any]) -> AsyncIterator[int]:
    """How many rows each piece had; what is marked stays marked when the command is stopped."""
    last = ""
    while True:
        found = rows.find({**wanted, "_id": {"$gt": last}}, {"_id": 1}).sort("_id", 1).limit(PIECE_ROWS)
        if not (piece := await found.to_list(PIECE_ROWS)):
            return
        ids = [row["_id"] for row in piece]
        change = {"$set": {"unsent": True}, "$unset": {"stuck": ""}}
        yield (await rows.update_many({"_id": {"$in": ids}}, change)).matched_count
        last = ids[-1]
