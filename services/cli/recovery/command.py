"""`vanthu recover`: what a restored database lacks comes back under its old number."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Annotated

import typer
from rich.progress import Progress

from services.cli.installation import DEFAULT_DATA, DataOption, Installation, JsonOption
from services.cli.recovery.ground import at_rest, servers
from services.cli.recovery.recovering import Recovered, plan
from services.cli.recovery.recovering import recover as recover_all
from services.cli.terminal import confirm, errors, new_progress, print_json, run, say

SHOWN = 20


def recover(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count what is missing.")] = False,
    without_register_log: Annotated[
        bool,
        typer.Option("--without-register-log", help="It is lost for good: take what Kafka has. Much is lost then."),
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    data: DataOption = DEFAULT_DATA,
    json: JsonOption = False,
) -> None:
    """After MongoDB was restored to an earlier moment: bring back what register log, files and Kafka still know.

    All services must be stopped. Run again after an interruption. Exit code 1 where something is left to a person.
    """
    here = Installation(data.resolve())
    with servers(here) as given:
        found = Recovered()
        if dry_run or not yes:
            found = run(_plan(here, given, log_is_lost=without_register_log))
            _tell_plan(found, json=json and dry_run)
        if not dry_run:
            confirm("Bring it back, and begin a new epoch in all databases?", yes)
            found = run(_recover(here, given, log_is_lost=without_register_log))
            tell(found, json=json)
    raise typer.Exit(1 if found.contradictions or (found.missing_files and not dry_run) else 0)


async def _plan(here: Installation, given: dict[str, object], *, log_is_lost: bool) -> Recovered:
    async with at_rest(here, given) as ground:
        with new_progress() as bar:
            return await plan(ground, steps(bar), log_is_lost=log_is_lost)


async def _recover(here: Installation, given: dict[str, object], *, log_is_lost: bool) -> Recovered:
    async with at_rest(here, given) as ground:
        with new_progress() as bar:
            return await recover_all(ground, steps(bar), sweep=True, log_is_lost=log_is_lost)


def steps(bar: Progress) -> Callable[[str], Callable[[int], None]]:
    """A line of the bar for each step that begins."""

    def begin(name: str) -> Callable[[int], None]:
        task = bar.add_task(name, total=None)
        return lambda count: bar.advance(task, count)

    return begin


def _tell_plan(found: Recovered, *, json: bool) -> None:
    if json:
        print_json(asdict(found))
        return
    say(f"Missing: {found.documents:,} documents of the register log, {found.events:,} events that Kafka has.")
    _tell_faults(found)


def tell(done: Recovered, *, json: bool) -> None:
    if json:
        print_json(asdict(done))
        return
    say(
        f"{done.documents:,} documents are back under their old numbers, {len(done.unlogged):,} from their event alone."
    )
    say(
        f"{done.events:,} events, {done.states:,} newer documents and {done.assignments:,} assignments came from Kafka."
    )
    if done.completed:
        say(f"{done.completed:,} documents that had come back from their event alone have what the register log knows.")
    if done.office:
        say(
            f"{done.office:,} newer people, units, calendars or public keys came from Kafka; rules of the office did not."
        )
    say(f"{done.sent_again:,} subjects are sent again, {done.said_anew:,} said anew, in epoch {done.epoch}.")
    _tell_unlogged(done.unlogged)
    _tell_faults(done)
    if done.erased_again:
        say(
            f"{len(done.erased_again):,} documents that were destroyed for secrecy had come back. Once the services run, "
            "`vanthu erase --again` finishes their destruction."
        )
    say(
        "Devices' keys are as they were in the restored database: revoke again what was revoked since (`vanthu key list`), "
        "and see that nobody is there who was disabled longer ago than Kafka remembers."
    )
    say("Start the services, and run `vanthu check`.")


def _tell_unlogged(ids: Sequence[str]) -> None:
    """No later run names them again, because they are there then; MongoDB does."""
    _tell_first(
        "From its event alone:", ids, "in intake's database `db.documents.find({device: 'recovered'})` names all"
    )
    if ids:
        say(
            "Their senders' keys are lost: a sender that has repeated, or will repeat, such a document has it twice, under "
            "two numbers. Look for the same paper near it in the register, and void one of the two."
        )


def _tell_first(title: str, all: Sequence[str], where: str = "--json names all") -> None:
    for each in all[:SHOWN]:
        errors.print(f"[bold red]{title}[/] {each}", soft_wrap=True)
    if len(all) > SHOWN:
        say(f"… and {len(all) - SHOWN:,} more; {where}")


def _tell_faults(done: Recovered) -> None:
    _tell_first("Not done:", done.contradictions)
    if done.contradictions:
        say(
            "Nobody can guess which is right: look at the papers. Where one number or one document stands there twice, "
            "take the wrong lines out of the register log. Then run this again."
        )
    _tell_first("Its file is missing or other:", done.missing_files)
