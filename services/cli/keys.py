"""`vanthu key` and `vanthu token`: credentials of devices and of staff. A secret is shown once."""

from typing import Annotated

import typer

from services.cli.databases import opened
from services.cli.installation import DEFAULT_DATA, DataOption, JsonOption, installed
from services.cli.offices import office_store
from services.cli.terminal import fail, new_table, output, print_json, run, say
from services.events import Direction
from services.intake.device_keys import DeviceKeys
from services.intake.settings import IntakeSettings
from services.routing.loading import require_office

app = typer.Typer(no_args_is_help=True, help="Device keys: who may post documents through which door.")
OfficeOption = Annotated[str, typer.Option(help="Id of the office.")]


@app.command()
def create(
    office: OfficeOption,
    device: Annotated[str, typer.Option(help="Name of the device, as the register shows it.")],
    door: Annotated[Direction, typer.Option(help="The door it posts to.")] = Direction.INCOMING,
    book: Annotated[
        str | None,
        typer.Option(help="incoming, outgoing, outgoing-office (the Office's own) or another; the door's by default."),
    ] = None,
    new_book: Annotated[
        bool, typer.Option("--new-book", help="Open a series of numbers that the office has not had so far.")
    ] = False,
    body: Annotated[str, typer.Option(help="Issuing body in outgoing symbols, as in 15/QĐ-UBND.")] = "UBND",
    data: DataOption = DEFAULT_DATA,
    json: JsonOption = False,
) -> None:
    """Make a device key. It is shown this once; only its hash is kept."""

    here = installed(data)

    async def make() -> str:
        async with office_store(here) as store:
            await require_office(store, office)
        async with opened(here.settings(IntakeSettings), "intake") as database:
            keys = DeviceKeys(database)
            await keys.prepare()
            if book and not new_book and not await keys.has_book(office, book):
                raise ValueError(f"The office {office} has no book {book}. Add --new-book to open it")
            return await keys.create(office, device, door, book or door, body)

    try:
        key = run(make())
    except ValueError as error:
        fail(str(error), "`vanthu key create --help` says what each option may be.")
    if json:
        print_json({"key": key, "office": office, "device": device, "door": door, "book": book or door})
    else:
        say("The key is shown only now. Put it where only the device can read it:")
        output.print(key, soft_wrap=True)


@app.command("list")
def list_(
    office: Annotated[str | None, typer.Option(help="Only this office.")] = None,
    data: DataOption = DEFAULT_DATA,
    json: JsonOption = False,
) -> None:
    """Every device key, without its secret."""

    async def find() -> list[dict[str, object]]:
        async with opened(installed(data).settings(IntakeSettings), "intake") as database:
            return await DeviceKeys(database).list(office)

    rows = run(find())
    if json:
        print_json(rows)
        return
    table = new_table("id", "office", "device", "door", "book", "last seen", "state")
    for row in rows:
        state = "revoked" if row["revoked_at"] else "in use"
        table.add_row(
            *(str(row[name] or "-") for name in ("kid", "office", "device", "door", "book", "last_seen")), state
        )
    output.print(table if rows else "No device keys. `vanthu key create` makes one.")


@app.command()
def revoke(
    key_id: Annotated[str, typer.Argument(help="Id as `list` shows it: the part before the dot.")],
    data: DataOption = DEFAULT_DATA,
) -> None:
    """Stop a key from working, within seconds."""

    async def end() -> bool:
        async with opened(installed(data).settings(IntakeSettings), "intake") as database:
            return await DeviceKeys(database).revoke(key_id.partition(".")[0])

    if not run(end()):
        fail(f"There is no key {key_id.partition('.')[0]} in use.", "`vanthu key list` shows those there are.")
    say("Revoked.")
