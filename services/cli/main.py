"""`vanthu`: the whole command line. Only the module of the command that is asked for is imported."""

import sys
from collections.abc import Iterable
from importlib import import_module
from importlib.metadata import version
from typing import Annotated

import typer

from services.chassis.errors import Failure

# name: (module, command or group of commands in it), in the order of the help
COMMANDS: dict[str, tuple[str, str]] = {
    "up": ("running", "up"),
    "serve": ("running", "serve"),
    "demo": ("year", "demo"),
    "office": ("offices", "app"),
    "published": ("figures", "published"),
    "key": ("keys", "app"),
    "token": ("tokens", "app"),
    "topics": ("topics", "app"),
    "dead-letters": ("letters", "app"),
    "resend": ("journals", "resend"),
    "backup": ("safekeeping.command", "backup"),
    "restore": ("safekeeping.command", "restore"),
    "recover": ("recovery.command", "recover"),
    "erase": ("erase", "erase"),
    "recompute": ("figures", "recompute"),
    "rebuild": ("figures", "rebuild"),
    "check": ("check.command", "check"),
    "doctor": ("doctor", "doctor"),
    "settings": ("options", "settings"),
}


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(version("vanthu"))
        raise typer.Exit


def vanthu(
    show: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Văn thư: receives, numbers, assigns, tells and counts an authority's documents."""


def new_app(names: Iterable[str]) -> typer.Typer:
    app = typer.Typer(name="vanthu", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
    app.callback()(vanthu)
    for name in names:
        module, attribute = COMMANDS[name]
        command = getattr(import_module(f"services.cli.{module}"), attribute)
        if isinstance(command, typer.Typer):
            app.add_typer(command, name=name)
        else:
            app.command(name)(command)
    return app


def main() -> None:
    asked = sys.argv[1] if len(sys.argv) > 1 else ""
    app = new_app([asked] if asked in COMMANDS else COMMANDS)
    try:
        app()
    except Failure as failure:  # before a command's work has begun, which turns what goes wrong in it into words itself
        sys.exit(f"Error: {failure}")
