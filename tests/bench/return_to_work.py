"""The services are killed with all that they have in the register and its log, and have to be back at work."""

import asyncio
import time

import aiohttp

from tests.bench.at_work import AtWork
from tests.bench.results import Results
from tests.bench.senders import Job, Sender, Sent

MOST_SECONDS, GIVEN_UP_SECONDS, AGAIN_SECONDS = 10.0, 120.0, 0.1


async def back_at_work(installation: AtWork, results: Results, bench: str, title: str = "") -> None:
    """From the start of the new process to the first number that it gives, and to the first notice of one of its own."""
    lines = await asyncio.to_thread(_lines, installation)
    results.add(bench, f"{title}lines in the register log at the restart", lines, "lines")
    began_at = await installation.start_again()
    posted = await _first_answer(installation)
    seconds = posted.answered_at - began_at
    results.add(bench, f"{title}start after kill -9 until the next 201", seconds, "s", most=MOST_SECONDS)
    if not installation.streams.open:
        return
    while posted.id not in installation.streams.seen and time.monotonic() < began_at + GIVEN_UP_SECONDS:
        await asyncio.sleep(0.02)
    seconds = installation.streams.seen.get(posted.id, time.monotonic()) - began_at
    results.add(bench, f"{title}start after kill -9 until the next notice", seconds, "s", most=MOST_SECONDS)


async def _first_answer(installation: AtWork) -> Sent:
    """A scanner that tries again at once, as if nobody had told it."""
    job = Job(installation.url + "/intake/api/v1/documents", installation.keys)
    ends = time.monotonic() + GIVEN_UP_SECONDS
    async with aiohttp.ClientSession() as session:
        sender = Sender(job, session)
        while not sender.sent:
            assert time.monotonic() < ends, f"no document was taken: {sender.refused}"
            await sender.post_one()
            await asyncio.sleep(0 if sender.sent else AGAIN_SECONDS)
    return sender.sent[0]


def _lines(installation: AtWork) -> int:
    folder = installation.stack.data(installation.prefix) / "register"
    return sum(line.strip() != b"" for path in folder.glob("*.jsonl") for line in path.open("rb"))
