"""What years of history cost: the same load on an installation with a long past and on one without, in turns.

Each has a mongod of its own; Kafka is one. Judged are medians of rounds that stand side by side: what services and
mongod spend on a document, and how much more with each further 100,000.
"""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

from tests.bench.at_work import AtWork, Outcome, at_work
from tests.bench.children import cpu_seconds
from tests.bench.figures import median, slope
from tests.bench.office import office
from tests.bench.past import Past
from tests.bench.questions import Asker
from tests.bench.results import Results
from tests.bench.return_to_work import back_at_work
from tests.bench.stack import Stack, stack

BENCH = "history"
STEP, STEPS = 100_000, 3
TEMPLATES, TEMPLATES_PER_SECOND = 1_000, 50
ROUNDS, SECONDS, CONNECTIONS = 6, 5.0, 8
LEAST_SPEED, MOST_GROWTH = 0.9, 0.05


@dataclass(frozen=True)
class Round:
    """Milliseconds of CPU are a document's, until nothing waits."""

    per_second: float
    p99_ms: float
    services_ms: float
    mongod_ms: float

    @property
    def cost_ms(self) -> float:
        return self.services_ms + self.mongod_ms


@dataclass
class Side:
    """An installation, and what its rounds with the history of this step have said."""

    installation: AtWork
    rounds: list[Round] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)

    def middle(self, name: str) -> float:
        return median([getattr(each, name) for each in self.rounds])

    async def work(self, seconds: float) -> None:
        processes = (self.installation.services.process, self.installation.stack.servers["mongod"])
        before = [cpu_seconds(each) for each in processes]
        posted = await self.installation.post(seconds, connections=CONNECTIONS, warm_up=0.5)
        outcome = await self.installation.outcome(posted, patience_seconds=0)
        services, mongod = (
            1000 * (cpu_seconds(each) - spent) / len(posted.sent) for each, spent in zip(processes, before, strict=True)
        )
        self.rounds.append(Round(posted.per_second, outcome.to_number(99), services, mongod))
        self.outcomes.append(outcome)


async def measure(
    servers: Stack, results: Results, documents: int = STEP, rounds: int = ROUNDS, seconds: float = SECONDS
) -> None:
    """`documents` in each step. The young one's mongod is its own, its Kafka is not."""
    if "mongod" not in servers.servers:
        raise RuntimeError("history measures mongod's CPU time: run it without VANTHU_MONGO_URL")
    with stack(kafka_bootstrap=servers.endpoints.kafka_bootstrap) as own:
        async with AsyncExitStack() as things:
            old = await things.enter_async_context(at_work(servers, listeners=False))
            young = await things.enter_async_context(at_work(own, listeners=False))
            await History(old, young, results, documents, rounds, seconds).measure()


class History:
    def __init__(
        self, old: AtWork, young: AtWork, results: Results, documents: int, rounds: int, seconds: float
    ) -> None:
        self._installations = {"with": old, "without": young}
        self._old = old
        self._results = results
        self._documents, self._rounds, self._seconds = documents, rounds, seconds
        mongo_url = old.stack.endpoints.mongo_url
        self._past = Past(mongo_url, old.prefix, old.stack.data(old.prefix), min(TEMPLATES, documents))
        self._steps = results.details[BENCH] = []

    async def measure(self) -> None:
        for installation in self._installations.values():
            posted = await installation.post(TEMPLATES / TEMPLATES_PER_SECOND, per_second=TEMPLATES_PER_SECOND)
            (await installation.overseer.rest()).report(self._results, BENCH, "templates")
            assert not posted.refused, posted.refused
        for step in range(STEPS + 1):
            if step:
                each = await asyncio.to_thread(self._past.add, step, self._documents)
                self._results.add(BENCH, f"{self._title(step)}, rows and indexes of each more", each, "bytes")
            await self._step(step)
        self._report_growth()
        await back_at_work(self._old, self._results, BENCH, f"{self._title(STEPS)}, ")

    def _title(self, step: int) -> str:
        return f"{step * self._documents:,} documents of history"

    async def _step(self, step: int) -> None:
        sides = {name: Side(installation) for name, installation in self._installations.items()}
        for turn in range(self._rounds):
            order = list(sides.values())
            for side in order if turn % 2 == 0 else reversed(order):
                await side.work(self._seconds)
        old, young = sides["with"], sides["without"]
        self._report_step(step, old, young)
        self._report_losses(step, [*old.outcomes, *young.outcomes])
        await self._ask(step)

    def _report_step(self, step: int, old: Side, young: Side) -> None:
        title, add = self._title(step), self._results.add
        speed, cost = quotient(old, young, "per_second"), quotient(old, young, "cost_ms")
        add(BENCH, f"{title}, {CONNECTIONS} scanners", old.middle("per_second"), "documents/s")
        add(BENCH, f"{title}, POST to 201, p99", old.middle("p99_ms"), "ms")
        for name, of in (("services_ms", "services"), ("mongod_ms", "mongod")):
            add(BENCH, f"{title}, CPU of {of}", old.middle(name), "ms/document")
            add(BENCH, f"{title} / none, CPU of {of}", quotient(old, young, name), "x")
        add(BENCH, f"{title} / none, documents/s", speed, "x", least=LEAST_SPEED if step else None)
        add(BENCH, f"{title} / none, CPU of services and mongod", cost, "x")
        self._steps.append(
            {
                "documents": step * self._documents,
                "ratio": speed,
                "least_ratio": LEAST_SPEED,
                "cost": cost,
                "most_cost": 1 + MOST_GROWTH * step,
                "cost_ms": young.middle("cost_ms"),
            }
        )

    def _report_losses(self, step: int, outcomes: Sequence[Outcome]) -> None:
        title, add = self._title(step), self._results.add
        add(
            BENCH, f"{title}, refused", sum(sum(each.posted.refused.values()) for each in outcomes), "documents", most=0
        )
        rests = (each.rest for each in outcomes)
        worst = max(rests, key=lambda rest: (rest.work.halted, rest.work.set_aside, rest.work.left, rest.at))
        worst.report(self._results, BENCH, title)

    async def _ask(self, step: int) -> None:
        specialist = await asyncio.to_thread(self._past.busiest, office().specialists)
        found = {}
        for name, each in self._installations.items():
            asker = await Asker.of(each.stack, each.prefix, each.url, specialist)
            found[name] = await asker.medians()
        self._steps[-1]["questions_ms"] = found["with"]
        for question, spent in found["with"].items():
            self._results.add(BENCH, f"{self._title(step)}, {question}, p50", spent, "ms")
            self._results.add(BENCH, f"{self._title(step)} / none, {question}", spent / found["without"][question], "x")

    def _report_growth(self) -> None:
        """Judged when a step is what the limit speaks of."""
        growth = slope([(number, each["cost"]) for number, each in enumerate(self._steps)])
        of_each = growth * median([each["cost_ms"] for each in self._steps])
        title = f"CPU of services and mongod, more per further {self._documents:,} documents"
        self._results.add(BENCH, title, of_each, "ms/document")
        most = MOST_GROWTH if self._documents >= STEP else None
        self._results.add(BENCH, f"{title} / without history", growth, "x", most=most)


def quotient(old: Side, young: Side, name: str) -> float:
    """The median of what rounds say that stand side by side: the machine's moods are the same for both."""
    pairs = zip(old.rounds, young.rounds, strict=True)
    return median([getattr(ours, name) / getattr(theirs, name) for ours, theirs in pairs])
