"""(b) Each consumer's events per second beside a hand-written batch loop and a handler with a commit per message.

Every service is fed with what the service before it has said; the loops write what the service wrote.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from services.chassis.mongo import connect
from tests.bench.children import answer_of
from tests.bench.figures import median, ratio, spread
from tests.bench.made_up import entries_of, received
from tests.bench.office import load_office, office
from tests.bench.records import Record, feed, journal_of, record_of
from tests.bench.results import Results
from tests.bench.stack import Stack

BENCH = "b"
EVENTS, ROUNDS, NAIVE_EVENTS = 20_000, 3, 600
LEAST_OF_HANDWRITTEN, LEAST_TIMES_NAIVE, TWO_THIRDS = 0.6, 20.0, 0.667
SIMPLE_LINE, NAIVE_LINE = 18_000.0, 110.0  # events/s of the slowest such loops in engineering.md
TOPICS: dict[str, tuple[str, ...]] = {
    "routing": ("documents",),
    "notify": ("documents", "assignments"),
    "intake": ("assignments",),
    "reporting": ("documents", "assignments", "notices"),
}
Run = dict[str, Any]


@dataclass
class Said:
    """All that has been said so far, by topic."""

    records: dict[str, list[Record]] = field(default_factory=dict)

    def add(self, records: Sequence[Record]) -> None:
        for each in records:
            self.records.setdefault(each.topic, []).append(each)

    def of(self, topics: Sequence[str]) -> list[Record]:
        return [record for topic in topics for record in self.records.get(topic, ())]


class Consumers:
    def __init__(self, stack: Stack, results: Results, events: int, rounds: int) -> None:
        self._stack = stack
        self._results = results
        self._rounds = rounds
        self._documents = list(received(office().id, events))
        self._said = Said()
        self._fast_enough = False

    async def measure(self) -> None:
        self._said.add([record_of(each) for each in self._documents])
        await self._simple()
        for service in TOPICS:
            await self._service(service)

    async def _simple(self) -> None:
        """Below its bar the machine is no place to judge by."""
        speeds, records = [], self._said.of(["documents"])
        for _ in range(self._rounds):
            async with self._stack.installation() as prefix:
                await feed(self._stack.settings(prefix), records)
                speeds.append(speed(await self._run("simple_loop", prefix, str(len(records)), "documents")))
        bar = SIMPLE_LINE * TWO_THIRDS
        self._fast_enough = median(speeds) >= bar
        self._results.add(BENCH, "batch loop that only counts", median(speeds), "events/s", least=bar)

    async def _service(self, service: str) -> None:
        """The first round's installation stays until the end: the loops read there what they have to write."""
        found: dict[str, list[Run]] = {"service": [], "handwritten": [], "naive": []}
        async with self._stack.installation() as first:
            for turn in range(self._rounds):
                if turn == 0:
                    await self._round(service, first, first, found)
                    self._said.add(await self._journal(service, first))
                else:
                    async with self._stack.installation() as prefix:
                        await self._round(service, prefix, first, found)
        self._report(service, found)

    async def _round(self, service: str, prefix: str, pattern: str, found: dict[str, list[Run]]) -> None:
        """A B C in the first round, C B A in the next."""
        topics = TOPICS[service]
        records = self._said.of(topics)
        await self._prepare(service, prefix)
        await feed(self._stack.settings(prefix), records)
        steps = [("service", "alone", [service, str(len(records))])]
        steps.append(("handwritten", "handwritten", [service, str(len(records)), pattern, *topics]))
        naive_events = min(NAIVE_EVENTS, len(records))
        steps.append(("naive", "naive", [service, str(naive_events), pattern, *topics]))
        for name, module, arguments in steps if len(found["service"]) % 2 == 0 else reversed(steps):
            found[name].append(await self._run(module, prefix, *arguments))

    async def _prepare(self, service: str, prefix: str) -> None:
        """The service knows the office (and intake its documents) before what is measured begins."""
        settings = self._stack.settings(prefix)
        client = connect(settings.mongo_url.get_secret_value())
        await client[f"{prefix}_bench"]["documents"].insert_many([{"_id": each.key} for each in self._documents])
        if service == "routing":
            await load_office(settings)
        else:
            await feed(settings, self._said.of(["office"]))
        if service == "intake":
            await client[f"{prefix}_intake"]["documents"].insert_many(entries_of(self._documents))
        client.close()
        if service == "routing":
            return
        await self._run("alone", prefix, service, str(len(self._said.of(["office"]))))

    async def _journal(self, service: str, prefix: str) -> list[Record]:
        client = connect(self._stack.endpoints.mongo_url)
        try:
            return await journal_of(client[f"{prefix}_{service}"])
        finally:
            client.close()

    async def _run(self, module: str, prefix: str, *arguments: str) -> Run:
        log = self._stack.folder / "consumers.log"
        return await answer_of(f"tests.bench.{module}", *arguments, env=self._stack.environment(prefix), log=log)

    def _report(self, service: str, found: dict[str, list[Run]]) -> None:
        speeds = {name: [speed(run) for run in runs] for name, runs in found.items()}
        add = self._results.add
        add(BENCH, f"{service}", median(speeds["service"]), "events/s")
        add(BENCH, f"{service}, CPU", median([cpu(run) for run in found["service"]]), "ms/event")
        add(BENCH, f"{service}, by hand", median(speeds["handwritten"]), "events/s")
        add(BENCH, f"{service}, by hand, CPU", median([cpu(run) for run in found["handwritten"]]), "ms/event")
        bar = NAIVE_LINE * TWO_THIRDS
        add(BENCH, f"{service}, a commit per message", median(speeds["naive"]), "events/s", least=bar)
        against = ratio(speeds["service"], speeds["handwritten"])
        add(BENCH, f"{service} / by hand", against, "x", least=LEAST_OF_HANDWRITTEN, judged=self._fast_enough)
        times = ratio(speeds["service"], speeds["naive"])
        fair = median(speeds["naive"]) >= bar
        add(BENCH, f"{service} / a commit per message", times, "x", least=LEAST_TIMES_NAIVE, judged=fair)
        self._results.details[f"b-{service}"] = found | {
            "spread": {name: spread(each) for name, each in speeds.items()}
        }


def speed(run: Run) -> float:
    """Events per second until all had taken effect and all that followed from them was on Kafka."""
    return float(run["events"] / run["told_seconds"])


def cpu(run: Run) -> float:
    return float(1000 * run["cpu_seconds"] / run["events"])


async def measure(stack: Stack, results: Results, events: int = EVENTS, rounds: int = ROUNDS) -> None:
    await Consumers(stack, results, events, rounds).measure()
