"""`vanthu token`: access to the API for a person of the office, until there are pages to sign in on."""

from typing import Annotated

import typer

from services.cli.installation import DEFAULT_DATA, DataOption, JsonOption, installed
from services.cli.keys import OfficeOption
from services.cli.offices import office_store
from services.cli.terminal import fail, output, print_json, run, say
from services.routing.loading import create_token

app = typer.Typer(no_args_is_help=True, help="Staff tokens for the API.")


@app.callback()
def token() -> None:
    """Staff tokens for the API."""


@app.command()
def create(
    office: OfficeOption,
    person: Annotated[str, typer.Option(help="Id of the person, as in the office's file.")],
    hours: Annotated[float, typer.Option(help="How long the token is good, in hours.")] = 12.0,
    data: DataOption = DEFAULT_DATA,
    json: JsonOption = False,
) -> None:
    """Sign a token for a person. What they may do follows their roles at the time they do it."""

    async def sign() -> str:
        async with office_store(installed(data)) as store:
            return await create_token(store, office, person, hours)

    try:
        signed = run(sign())
    except ValueError as error:
        fail(str(error))
    if json:
        print_json({"token": signed, "office": office, "person": person, "hours": hours})
    else:
        say(f"Good for {hours:g} hours, for {person} of {office}:")
        output.print(signed, soft_wrap=True)
