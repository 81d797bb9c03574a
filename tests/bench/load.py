"""What 1, 8 and 64 scanners that post without pause get: numbers per second, and how long a number and a notice take.

All services and servers share the machine, so a notice waits behind what intake takes in meanwhile: where that is more
than comes out at the far end, the wait grows with the time, which every line therefore names. Each scanner has a key of
its own, and each number of scanners begins when nothing waits any more.
"""

from tests.bench.at_work import PERCENTS, AtWork, Outcome, at_work
from tests.bench.results import Results
from tests.bench.stack import Stack

BENCH = "load"
SCANNERS, SECONDS, WARM_UP_SECONDS = (1, 8, 64), 20.0, 2.0


async def measure(stack: Stack, results: Results, seconds: float = SECONDS) -> None:
    speeds: dict[int, float] = {}
    async with at_work(stack) as installation:
        for scanners in SCANNERS:
            speeds[scanners] = await _at(scanners, installation, results, seconds)
    for scanners in SCANNERS[1:]:
        results.add(BENCH, f"{scanners} scanners / 1, for {seconds:g} s", speeds[scanners] / speeds[1], "x")


async def _at(scanners: int, installation: AtWork, results: Results, seconds: float) -> float:
    posted = await installation.post(seconds, connections=scanners, warm_up=WARM_UP_SECONDS)
    outcome = await installation.outcome(posted)
    _report(results, f"{scanners} scanner{'s' if scanners > 1 else ''} for {seconds:g} s", outcome)
    results.details[f"load-{scanners}"] = {
        "seconds": seconds,
        "documents_per_second": posted.per_second,
        "settled_per_second": outcome.settled_per_second,
        "post_to_201_ms": {percent: outcome.to_number(percent) for percent in PERCENTS},
        "post_to_inbox_ms": {percent: outcome.to_notice(percent) for percent in PERCENTS},
        "without_notice": outcome.unnoticed,
    }
    return posted.per_second


def _report(results: Results, title: str, outcome: Outcome) -> None:
    results.add(BENCH, f"{title}, numbered per second", outcome.posted.per_second, "documents/s")
    results.add(BENCH, f"{title}, settled per second", outcome.settled_per_second, "documents/s")
    for percent in PERCENTS:
        results.add(BENCH, f"{title}, POST to 201, p{percent}", outcome.to_number(percent), "ms")
    for percent in PERCENTS:
        results.add(BENCH, f"{title}, POST to inbox, p{percent}", outcome.to_notice(percent), "ms")
    last = max(outcome.told.values()) - outcome.posted.ended_at
    results.add(BENCH, f"{title}, last 201 to last notice", last, "s")
    outcome.report_faults(results, BENCH, title)
