"""`vanthu check`: one line per promise; exit code 1 and the documents at fault where one does not hold."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import asdict
from functools import partial
from typing import Annotated

import typer

from services.cli.check import figures, register, transport, work
from services.cli.check.ground import HEARS, Ground, standing_on
from services.cli.check.invariant import FAULTS_SHOWN, Invariant, Verdict, judge
from services.cli.installation import DEFAULT_DATA, DataOption, Installation, JsonOption, installed
from services.cli.terminal import new_progress, output, print_json, run

QUIET = ("journals sent", "consumers caught up")
SAY_AGAIN = "Kafka may have lost what a service never read: `vanthu resend` says it again from the journals."


def check(
    data: DataOption = DEFAULT_DATA,
    wait: Annotated[float, typer.Option(min=0, help="How long events on their way are waited for, in seconds.")] = 30.0,
    json: JsonOption = False,
) -> None:
    """Prove that nothing is lost and nobody is not told. Work that arrives meanwhile may show as a fault."""
    verdicts = run(_examine(installed(data), wait))
    if json:
        print_json([{**asdict(each), "ok": each.ok} for each in verdicts])
    else:
        for each in verdicts:
            _say(each)
    raise typer.Exit(0 if all(each.ok for each in verdicts) else 1)


def invariants(ground: Ground) -> list[Invariant]:
    journals = {
        "intake": partial(ground.journal, "intake", "documents"),
        "routing": partial(ground.journal, "routing", "assignments"),
        "notify": partial(ground.journal, "notify", "notices"),
    }
    return [
        Invariant("journals sent", "every event is in Kafka", lambda: transport.journals_sent(ground.journals)),
        Invariant(
            "consumers caught up",
            "every service has read all events",
            lambda: transport.consumers_caught_up(ground.settings, HEARS),
        ),
        Invariant(
            "dead letters", "no record waits for a decision", lambda: transport.no_dead_letters(ground.databases)
        ),
        Invariant("numbers", "contiguous, unique and in order of time", lambda: register.numbers(ground.register)),
        Invariant(
            "files", "every entry's file is there with its hash", lambda: register.files(ground.register, ground.files)
        ),
        Invariant(
            "register log",
            "equal to the register",
            lambda: register.register_log(ground.register, ground.register_folder),
        ),
        Invariant(
            "assigned",
            "every live document has somebody",
            lambda: work.assigned(ground.register, ground.assignments),
            SAY_AGAIN,
        ),
        Invariant(
            "workloads",
            "equal to the assignments",
            lambda: work.workloads(ground.databases["routing"], ground.assignments),
        ),
        Invariant(
            "told",
            "everybody assigned has a notice",
            lambda: work.told(journals["routing"](), ground.notices),
            SAY_AGAIN,
        ),
        Invariant(
            "facts",
            "equal to the journals",
            lambda: figures.facts(ground.reporting, {name: read() for name, read in journals.items()}),
            SAY_AGAIN,
        ),
        Invariant("counters", "equal to the facts", lambda: figures.counters(ground.reporting)),
    ]


async def examine(ground: Ground, wait_seconds: float) -> AsyncIterator[Verdict]:
    """One verdict per invariant, those of the transport first, once it is quiet or the time is over."""
    ends = time.monotonic() + wait_seconds
    for invariant in invariants(ground):
        verdict = await judge(invariant)
        while invariant.name in QUIET and not verdict.ok and time.monotonic() < ends:
            await asyncio.sleep(0.5)
            verdict = await judge(invariant)
        yield verdict


async def _examine(here: Installation, wait_seconds: float) -> list[Verdict]:
    verdicts = []
    async with standing_on(here) as ground:
        with new_progress() as bar:
            task = bar.add_task("Checking", total=len(invariants(ground)))
            async for verdict in examine(ground, wait_seconds):
                verdicts.append(verdict)
                bar.advance(task)
    return verdicts


def _say(verdict: Verdict) -> None:
    mark = "[green]ok [/]" if verdict.ok else "[bold red]bad[/]"
    output.print(f"{mark} {verdict.name}: {verdict.says} ({verdict.counted})", soft_wrap=True)
    for fault in verdict.faults[:FAULTS_SHOWN]:
        output.print(f"      {fault.subject}: {fault.detail}", soft_wrap=True)
    if len(verdict.faults) > FAULTS_SHOWN:
        output.print(f"      … and {len(verdict.faults) - FAULTS_SHOWN:,} more; --json lists all", soft_wrap=True)
    if verdict.remedy and not verdict.ok:
        output.print(f"      → {verdict.remedy}", soft_wrap=True)
