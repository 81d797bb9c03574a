"""`vanthu`: the whole command line."""

from importlib.metadata import version
from typing import Annotated

import typer

from services.cli import doctor, figures, journals, keys, letters, offices, running, tokens, topics, year
from services.cli.check.command import check

app = typer.Typer(
    name="vanthu",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Văn thư: receives, numbers, assigns, tells and counts an authority's documents.",
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(version("vanthu"))
        raise typer.Exit


@app.callback()
def vanthu(
    show: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Văn thư: receives, numbers, assigns, tells and counts an authority's documents."""


app.command()(running.up)
app.command()(running.serve)
app.command()(year.demo)
app.add_typer(offices.app, name="office")
app.add_typer(figures.published, name="published")
app.add_typer(keys.app, name="key")
app.add_typer(tokens.app, name="token")
app.add_typer(topics.app, name="topics")
app.add_typer(letters.app, name="dead-letters")
app.command()(journals.resend)
app.command()(figures.recompute)
app.command()(figures.rebuild)
app.command()(check)
app.command()(doctor.doctor)


def main() -> None:
    app()
