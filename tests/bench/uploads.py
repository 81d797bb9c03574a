"""(c) intake's documents per second beside a bare endpoint's that only stores the same file with fsync.

The limit holds for as many connections as either can use. With 8 both wait for the disk, intake for a second
time: that is shown, and judged by the time from POST to notice. Where many files were deleted minutes before, ext4
looks long for an inode that it may use, and both are slow.
"""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import psutil

from tests.bench.children import answer_of, cpu_seconds, running
from tests.bench.figures import median, percentile, ratio, spread
from tests.bench.office import device_key
from tests.bench.results import Results
from tests.bench.senders import Job
from tests.bench.stack import Stack

BENCH = "c"
ROUNDS, SECONDS, SENDER_PROCESSES = 3, 6.0, 2
BARE, INTAKE = "bare endpoint", "intake"
LEAST_RATIO, SATURATING = 0.5, 64
BARE_LINE = {1: 222.0, 8: 755.0, 64: 1286.0}  # documents/s of the upload line in engineering.md, by clients
OFFICE = "bench"


@dataclass(frozen=True)
class Round:
    documents_per_second: float
    p99_seconds: float
    server_milliseconds: float


async def measure(stack: Stack, results: Results, seconds: float = SECONDS, rounds: int = ROUNDS) -> None:
    async with stack.installation() as prefix:
        key = await device_key(stack.settings(prefix), OFFICE)
        bare = stack.folder / f"bare-{prefix}"
        bare.mkdir()
        log, env = stack.folder / "uploads.log", stack.environment(prefix)
        async with (
            running("tests.bench.bare_endpoint", str(bare), env=env, log=log) as theirs,
            running("tests.bench.hosting", "intake", env=env, log=log) as ours,
        ):
            lines = {
                BARE: (theirs.process, f"{theirs.told['url']}/documents"),
                INTAKE: (ours.process, f"{ours.told['url']}/intake/api/v1/documents"),
            }
            for clients in (SATURATING, 8):
                await _compare(stack, results, lines, key, clients, seconds, rounds)


async def _compare(
    stack: Stack,
    results: Results,
    lines: dict[str, tuple[psutil.Process, str]],
    key: str,
    clients: int,
    seconds: float,
    rounds: int,
) -> None:
    found: dict[str, list[Round]] = {name: [] for name in lines}
    for _ in range(rounds):
        for name, (process, url) in lines.items():
            found[name].append(await _round(stack, process, Job(url, key, clients, seconds), clients))
    speeds = {name: [each.documents_per_second for each in found[name]] for name in lines}
    for name in lines:
        results.add(BENCH, f"{name}, {clients} clients", median(speeds[name]), "documents/s")
        results.add(BENCH, f"{name}, {clients} clients, p99", 1000 * _middle(found[name], "p99_seconds"), "ms")
        results.add(
            BENCH, f"{name}, {clients} clients, server CPU", _middle(found[name], "server_milliseconds"), "ms/document"
        )
    quotient = ratio(speeds[INTAKE], speeds[BARE])
    least = LEAST_RATIO if clients == SATURATING else None
    results.add(BENCH, f"intake / bare, {clients} clients", quotient, "x", least=least)
    known = BARE_LINE[clients]
    results.add(
        BENCH, f"bare / engineering.md's line, {clients} clients", median(speeds[BARE]) / known, "x", least=0.667
    )
    results.details[f"c-{clients}"] = {
        name: {"rounds": values, "spread": spread(values)} for name, values in speeds.items()
    }


def _middle(rounds: Sequence[Round], name: str) -> float:
    return median([getattr(each, name) for each in rounds])


async def _round(stack: Stack, server: psutil.Process, job: Job, clients: int) -> Round:
    share = Job(job.url, job.key, max(clients // SENDER_PROCESSES, 1), job.seconds)
    before = cpu_seconds(server)
    answers: list[dict[str, Any]] = await asyncio.gather(
        *(
            answer_of(
                "tests.bench.senders", share.as_argument(), env=stack.environment(""), log=stack.folder / "senders.log"
            )
            for _ in range(SENDER_PROCESSES)
        )
    )
    spent = cpu_seconds(server) - before
    if refused := [each["refused"] for each in answers if each["refused"]]:
        raise AssertionError(f"documents were refused: {json.dumps(refused)[:500]}")
    posts = [post for each in answers for post in each["sent"]]
    begins = max(each["began_at"] for each in answers) + job.warm_up_seconds
    ends = min(max(answered for *_, answered in each["sent"]) for each in answers)
    counted = [answered - posted for _, posted, answered in posts if begins < answered <= ends]
    return Round(len(counted) / (ends - begins), percentile(counted, 99), 1000 * spent / len(posts))
