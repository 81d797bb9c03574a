"""How commands speak: results on standard output, everything else on standard error."""

import asyncio
import json
import logging
import re
import sys
from collections.abc import Callable, Coroutine
from typing import Any, NoReturn, TypeVar

import typer
from aiokafka.errors import KafkaError
from pymongo.errors import ConfigurationError, ConnectionFailure, PyMongoError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from services.chassis.errors import Failure, Problem
from services.chassis.logs import cause_of

T = TypeVar("T")
WIDE = 400  # columns where nobody looks: a program, or a file, wants whole names
errors = Console(stderr=True, highlight=False)
output = Console(highlight=False, width=None if sys.stdout.isatty() else WIDE)


def fail(message: str, remedy: str = "") -> NoReturn:
    errors.print(f"[bold red]Error:[/] {message}", soft_wrap=True)
    if remedy:
        errors.print(f"[bold]What to do:[/] {remedy}", soft_wrap=True)
    raise typer.Exit(1)


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run a command's work; what can be expected to go wrong becomes words and exit code 1."""
    logging.getLogger("aiokafka").addHandler(logging.NullHandler())  # what it tries again is nobody's business here
    try:
        return asyncio.run(work)
    except Problem as problem:
        fail(problem.detail, problem.remedy or "")
    except Failure as failure:
        fail(str(failure))
    except (ConnectionFailure, ConfigurationError) as error:
        fail(f"MongoDB does not answer: {_without_topology(error)}", "Start `vanthu up`, or set VANTHU_MONGO_URL.")
    except PyMongoError as error:
        fail(f"MongoDB refused: {_refusal(error)}", "See MongoDB's log, mend what it names, then run the same again.")
    except KafkaError as error:
        fail(f"Kafka does not answer: {_first_line(error)}", "Start `vanthu up`, or set VANTHU_KAFKA_BOOTSTRAP.")
    except OSError as error:
        fail(f"A file or folder refused: {_first_line(error)}", "Make room or give the right, then run the same again.")


def new_table(name: str, *others: str) -> Table:
    """Its first column is what one copies: it is never cut; the others fold."""
    table = Table(box=None)
    table.add_column(name, no_wrap=True, overflow="fold")
    for each in others:
        table.add_column(each, overflow="fold")
    return table


def print_json(value: object) -> None:
    sys.stdout.write(json.dumps(value, ensure_ascii=False, default=str) + "\n")


def new_progress() -> Progress:
    """A bar that appears on a terminal and stays quiet elsewhere."""
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=errors,
        transient=True,
        disable=not errors.is_terminal,
    )


def confirm(question: str, yes: bool) -> None:
    """Ask a person; a program says --yes."""
    if yes:
        return
    if not sys.stdin.isatty():
        fail("This changes data and nobody is there to ask.", "Add --yes.")
    if not typer.confirm(question):
        raise typer.Exit(1)


def _refusal(error: PyMongoError) -> str:
    """Its kind and code by number and name: a driver's message may quote a whole row."""
    details = getattr(error, "details", None) or {}
    return " ".join(filter(None, [cause_of(error), details.get("codeName")]))


def _without_topology(error: Exception) -> str:
    """What pymongo says for people: after it come its own settings and its view of the servers."""
    return re.split(r" \(configured timeouts:|, Timeout: ", _first_line(error), maxsplit=1)[0]


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0][:200] if str(error) else type(error).__name__


Say = Callable[[str], None]


def say(message: str) -> None:
    errors.print(message, soft_wrap=True)
