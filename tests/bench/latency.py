"""POST to notice: from the first byte that a scanner sends to the event on the live stream of the person in charge."""

from tests.bench.at_work import at_work
from tests.bench.figures import percentile
from tests.bench.results import Results
from tests.bench.stack import Stack

BENCH = "latency"
PER_SECOND, SECONDS, WARM_UP_SECONDS = 20.0, 60.0, 5.0
MOST_P99_MILLISECONDS = 500.0


async def measure(stack: Stack, results: Results, seconds: float = SECONDS) -> None:
    async with at_work(stack) as installation:
        posted = await installation.post(seconds, per_second=PER_SECOND, warm_up=WARM_UP_SECONDS)
        to_notice = await installation.until_noticed(posted.posts)
    to_number = [post.answered_at - post.posted_at for post in posted.posts]
    for percent in (50, 95, 99):
        results.add(BENCH, f"POST to 201, p{percent}", 1000 * percentile(to_number, percent), "ms")
    for percent in (50, 95):
        noticed = 1000 * percentile(to_notice, percent)
        results.add(BENCH, f"POST to notice on the live stream, p{percent}", noticed, "ms")
    worst = 1000 * percentile(to_notice, 99)
    results.add(BENCH, "POST to notice on the live stream, p99", worst, "ms", most=MOST_P99_MILLISECONDS)
    left_out = len(posted.posts) - len(to_notice)
    results.add(BENCH, "documents without a notice (nobody could be found)", left_out, "documents")
