"""`vanthu erase`: destroys a document that a security officer has confirmed to be a state secret."""

from dataclasses import asdict
from typing import Annotated

import typer

from services.chassis.errors import Failure
from services.cli.erasing import Destroyed, opened_eraser
from services.cli.installation import DEFAULT_DATA, DataOption, Installation, JsonOption, installed
from services.cli.terminal import confirm, print_json, run, say
from services.cli.user import user_name

REMAINS = (
    "backups made before: destroy them, or restore them only with the list of erasures (register/erasures.list)",
    "MongoDB's oplog and journal files, until they are overwritten",
    "Kafka's segment files, until their broker drops them",
    "freed blocks of the disks, until they are overwritten",
    "what people have downloaded, printed, or been sent",
)
BACK_UP_NOW = (
    "Run `vanthu backup` now: Kafka has lost events of other documents with this one's, so that a `vanthu recover` from "
    "an older backup would find less there."
)


def erase(
    document_id: Annotated[str, typer.Argument(help="The document's id; empty with --again.")] = "",
    again: Annotated[
        bool, typer.Option("--again", help="Everything on the list of erasures that is there again, after a restore.")
    ] = False,
    wait: Annotated[float, typer.Option(min=0, help="How long the services may take, in seconds.")] = 60.0,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    data: DataOption = DEFAULT_DATA,
    json: JsonOption = False,
) -> None:
    """Destroy a sealed and confirmed document everywhere and void its number. Nothing undoes it; a repeat finishes it."""
    if bool(document_id) == again:
        raise typer.BadParameter("name a document, or say --again")
    here = installed(data)
    confirm(f"Destroy {document_id or 'all that the list of erasures names'} for ever?", yes)
    destroyed = run(_destroy(here, document_id, wait))
    if json:
        told = {"destroyed": [asdict(each) for each in destroyed], "remains": list(REMAINS)}
        print_json(told | {"next": BACK_UP_NOW} if destroyed else told)
        return
    for each in destroyed:
        _tell(each)
    if not destroyed:
        say("The list of erasures is empty: there was nothing to destroy.")
        return
    say("Not reached by this command:")
    for remains in REMAINS:
        say(f"  {remains}")
    say(BACK_UP_NOW)


def _tell(done: Destroyed) -> None:
    if done.found_anything:
        say(
            f"{done.document_id} is destroyed. Files: {done.files}. Events blanked: {done.journal_rows}. "
            f"Dead letters emptied: {done.dead_letters}."
        )
    else:
        say(f"{done.document_id} was destroyed by an earlier run. This one found nothing left of it.")
    if done.deleted_until:
        places = ", ".join(f"{place} from offset {first}" for place, first in sorted(done.deleted_until.items()))
        say(f"Still readable in Kafka are only, in the partitions that had it: {places}.")
    if done.same_bytes:
        say(f"The same bytes have numbers of their own as {', '.join(done.same_bytes)}: let them be judged, too.")


async def _destroy(here: Installation, document_id: str, wait_seconds: float) -> list[Destroyed]:
    """Who ordered it is noted with the void number."""
    async with opened_eraser(here) as eraser:
        if not document_id:
            await eraser.again(user_name())
        ids = [document_id] if document_id else await eraser.listed()
        late, destroyed = [], []
        for each in ids:
            try:
                destroyed.append(await eraser.destroy(each, user_name(), wait_seconds))
            except Failure as failure:
                late.append(str(failure) if each in str(failure) else f"{each}: {failure}")
    if late:
        raise Failure(" ".join(late))
    return destroyed
