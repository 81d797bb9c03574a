"""The services are killed with all that they have in the register and its log, and have to be back at work."""

import asyncio
import time
from dataclasses import asdict, dataclass

import aiohttp

from tests.bench.at_work import AtWork
from tests.bench.figures import median
from tests.bench.results import Results
from tests.bench.senders import Job, Sender, Sent

KILLS = 5
MOST_SECONDS, GIVEN_UP_SECONDS, AGAIN_SECONDS = 10.0, 120.0, 0.1


@dataclass(frozen=True)
class Return:
    """Seconds from the start of the new process to the first number that it gives, and to that document's notice."""

    to_number: float
    to_notice: float


async def back_at_work(installation: AtWork, results: Results, bench: str, title: str = "") -> None:
    """Killed several times: when Kafka gives a dead reader's partitions to the next one depends on the moment."""
    lines = await asyncio.to_thread(_lines, installation)
    results.add(bench, f"{title}lines in the register log at the restart", lines, "lines")
    returns = [await _killed_and_back(installation) for _ in range(KILLS)]
    results.details[f"{bench}, {title}returns"] = [asdict(each) for each in returns]
    _report(results, bench, f"{title}start after kill -9 until the next 201", [each.to_number for each in returns])
    if installation.streams.open:
        _report(
            results, bench, f"{title}start after kill -9 until the next notice", [each.to_notice for each in returns]
        )


def _report(results: Results, bench: str, title: str, seconds: list[float]) -> None:
    results.add(bench, f"{title}, median of {KILLS}", median(seconds), "s")
    results.add(bench, f"{title}, the longest of {KILLS}", max(seconds), "s", most=MOST_SECONDS)


async def _killed_and_back(installation: AtWork) -> Return:
    began_at = await installation.start_again()
    posted = await _first_answer(installation)
    seen = installation.streams.seen
    while installation.streams.open and posted.id not in seen and time.monotonic() < began_at + GIVEN_UP_SECONDS:
        await asyncio.sleep(0.02)
    return Return(posted.answered_at - began_at, seen.get(posted.id, time.monotonic()) - began_at)


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
