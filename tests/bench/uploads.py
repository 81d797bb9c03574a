"""(c) intake's documents per second beside a bare endpoint's that only stores the same file with fsync.

The limit holds for as many connections as either can use. With 8 both wait for the disk, intake for a second
time: that may be less than half, and is shown without a limit. Where many files were deleted minutes before, ext4
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
from tests.bench.office import device_keys
from tests.bench.results import Results
from tests.bench.senders import Job
from tests.bench.stack import Stack

BENCH = "c"
ROUNDS, SECONDS, SENDER_PROCESSES = 3, 6.0, 2
BARE, INTAKE = "bare endpoint", "intake"
LEAST_RATIO, LEAST_OF_KNOWN, SATURATING = 0.5, 0.667, 64
BARE_LINE = {1: 222.0, 8: 755.0, 64: 1286.0}  # documents/s of the upload line in engineering.md, by clients
OFFICE = "bench"


@dataclass(frozen=True)
class Round:
    documents_per_second: float
    p99_seconds: float
    server_milliseconds: float


async def measure(stack: Stack, results: Results, seconds: float = SECONDS, rounds: int = ROUNDS) -> None:
    async with stack.installation() as prefix:
        keys = await device_keys(stack.settings(prefix), OFFICE, SATURATING)
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
                await _compare(stack, results, lines, keys, clients, seconds, rounds)


async def _compare(
    stack: Stack,
    results: Results,
    lines: dict[str, tuple[psutil.Process, str]],
    keys: tuple[str, ...],
    clients: int,
    seconds: float,
    rounds: int,
) -> None:
    found: dict[str, list[Round]] = {name: [] for name in lines}
    for turn in range(rounds):
        order = list(lines.items())
        for name, (process, url) in order if turn % 2 == 0 else reversed(order):
            found[name].append(await _round(stack, process, Job(url, keys, clients, seconds), clients))
    speeds = {name: [each.documents_per_second for each in found[name]] for name in lines}
    for name in lines:
        results.add(BENCH, f"{name}, {clients} clients", median(speeds[name]), "documents/s")
        results.add(BENCH, f"{name}, {clients} clients, p99", 1000 * _middle(found[name], "p99_seconds"), "ms")
        results.add(
            BENCH, f"{name}, {clients} clients, server CPU", _middle(found[name], "server_milliseconds"), "ms/document"
        )
    quotient, known = ratio(speeds[INTAKE], speeds[BARE]), median(speeds[BARE]) / BARE_LINE[clients]
    least = LEAST_RATIO if clients == SATURATING else None
    note = "" if least else f" (no limit; {LEAST_RATIO:g} is asked where connections are no bound)"
    title = f"intake / bare, {clients} clients{note}"
    results.add(BENCH, title, quotient, "x", least=least, judged=known >= LEAST_OF_KNOWN)
    title = f"bare, {clients} clients, enough to compare with"
    results.add(BENCH, title, median(speeds[BARE]), "documents/s", least=LEAST_OF_KNOWN * BARE_LINE[clients])
    results.details[f"c-{clients}"] = {
        name: {"rounds": values, "spread": spread(values)} for name, values in speeds.items()
    }


def _middle(rounds: Sequence[Round], name: str) -> float:
    return median([getattr(each, name) for each in rounds])


async def _round(stack: Stack, server: psutil.Process, job: Job, clients: int) -> Round:
    """Every connection is a scanner with a key of its own."""
    each = max(clients // SENDER_PROCESSES, 1)
    shares = [Job(job.url, job.keys[turn * each :], each, job.seconds) for turn in range(SENDER_PROCESSES)]
    before = cpu_seconds(server)
    env, log = stack.environment(""), stack.folder / "senders.log"
    answers: list[dict[str, Any]] = await asyncio.gather(
        *(answer_of("tests.bench.senders", share.as_argument(), env=env, log=log) for share in shares)
    )
    spent = cpu_seconds(server) - before
    if refused := [each["refused"] for each in answers if each["refused"]]:
        raise AssertionError(f"documents were refused: {json.dumps(refused)[:500]}")
    posts = [post for each in answers for post in each["sent"]]
    begins = max(each["began_at"] for each in answers) + job.warm_up_seconds
    ends = min(max(answered for *_, answered in each["sent"]) for each in answers)
    counted = [answered - posted for _, posted, answered in posts if begins < answered <= ends]
    return Round(len(counted) / (ends - begins), percentile(counted, 99), 1000 * spent / len(posts))
