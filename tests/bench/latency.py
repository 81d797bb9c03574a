"""POST to notice: from when a document is due at a scanner to the event on the live stream of the person in charge."""

from tests.bench.at_work import PERCENTS, at_work
from tests.bench.results import Results
from tests.bench.stack import Stack

BENCH = "latency"
PER_SECOND, SECONDS, WARM_UP_SECONDS = 20.0, 60.0, 5.0
MOST_P99_MILLISECONDS = 500.0


async def measure(stack: Stack, results: Results, seconds: float = SECONDS) -> None:
    async with at_work(stack) as installation:
        posted = await installation.post(seconds, per_second=PER_SECOND, warm_up=WARM_UP_SECONDS)
        outcome = await installation.outcome(posted)
    for percent in PERCENTS:
        results.add(BENCH, f"POST to 201, p{percent}", outcome.to_number(percent), "ms")
    for percent in PERCENTS:
        most = MOST_P99_MILLISECONDS if percent == PERCENTS[-1] else None
        title = f"POST to notice on the live stream, p{percent}"
        results.add(BENCH, title, outcome.to_notice(percent), "ms", most=most)
    outcome.report_faults(results, BENCH)
