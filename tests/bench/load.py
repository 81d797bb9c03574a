"""What 1, 8 and 64 scanners that post without pause get: numbers per second, and how long a number and a notice take.

All services and servers share the machine, so a notice waits behind what intake takes in meanwhile.
"""

from tests.bench.at_work import AtWork, at_work
from tests.bench.figures import percentile
from tests.bench.results import Results
from tests.bench.stack import Stack

BENCH = "load"
SCANNERS, SECONDS, WARM_UP_SECONDS = (1, 8, 64), 20.0, 2.0
PERCENTS = (50, 95, 99)


async def measure(stack: Stack, results: Results, seconds: float = SECONDS) -> None:
    speeds: dict[int, float] = {}
    async with at_work(stack) as installation:
        for scanners in SCANNERS:
            speeds[scanners] = await _at(scanners, installation, results, seconds)
    for scanners in SCANNERS[1:]:
        results.add(BENCH, f"{scanners} scanners / 1", speeds[scanners] / speeds[1], "x")


async def _at(scanners: int, installation: AtWork, results: Results, seconds: float) -> float:
    posted = await installation.post(seconds, connections=scanners, warm_up=WARM_UP_SECONDS)
    to_number = [post.answered_at - post.posted_at for post in posted.posts]
    to_notice = await installation.until_noticed(posted.posts, 3 * seconds)
    title = f"{scanners} scanner{'s' if scanners > 1 else ''}"
    results.add(BENCH, f"{title}, documents", posted.per_second, "documents/s")
    last = max(post.answered_at for post in posted.posts)
    told = max((installation.streams.seen.get(post.id, 0.0) for post in posted.posts), default=0.0)
    for percent in PERCENTS:
        results.add(BENCH, f"{title}, POST to 201, p{percent}", 1000 * percentile(to_number, percent), "ms")
    for percent in PERCENTS:
        results.add(BENCH, f"{title}, POST to inbox, p{percent}", 1000 * percentile(to_notice, percent), "ms")
    results.add(BENCH, f"{title}, last 201 to last notice", told - last, "s")
    results.details[f"load-{scanners}"] = {
        "documents_per_second": posted.per_second,
        "post_to_201_ms": {percent: 1000 * percentile(to_number, percent) for percent in PERCENTS},
        "post_to_inbox_ms": {percent: 1000 * percentile(to_notice, percent) for percent in PERCENTS},
        "without_notice": len(posted.posts) - len(to_notice),
    }
    return posted.per_second
