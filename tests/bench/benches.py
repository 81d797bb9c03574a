"""Every bench: what it measures, how long it takes, which options it obeys, and what is its full length."""

import argparse
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any

from tests.bench import annual, consumers, history, latency, load, sustained, uploads
from tests.bench.results import Results
from tests.bench.stack import Stack

Options = argparse.Namespace
Run = Callable[[Stack, Results, Mapping[str, Any]], Coroutine[Any, Any, None]]
MOST_FACTS = 1_000_000


@dataclass(frozen=True)
class Bench:
    """`full` are the options it obeys, with what they are when none is given; `run` is None for the whole year."""

    says: str
    minutes: int
    full: Mapping[str, Any]
    run: Run | None = None
    only_when_named: bool = False

    def chosen(self, options: Options) -> dict[str, Any]:
        given = {name: getattr(options, name) for name in self.full}
        return {name: self.full[name] if value is None else value for name, value in given.items()}

    def is_full(self, options: Options) -> bool:
        """Whether nothing was shortened: only such runs are drawn."""
        return all(
            value is None or (self.full[name] is not None and value >= self.full[name])
            for name, value in ((name, getattr(options, name)) for name in self.full)
        )

    def work(self, stack: Stack, results: Results, options: Options) -> Coroutine[Any, Any, None]:
        assert self.run is not None
        return self.run(stack, results, self.chosen(options))

    def help(self, name: str) -> str:
        obeys = ", ".join(f"--{each}" for each in self.full)
        return f"  {name:10} {self.says}\n{'':13}about {self.minutes} min; obeys {obeys}"


BENCHES: dict[str, Bench] = {
    "a": Bench("the whole year through all services, as `vanthu demo` sends it", 5, {"documents": None}),
    "d": Bench("memory over that year (the same run as a)", 5, {"documents": None}),
    "c": Bench(
        "intake's documents per second beside a bare endpoint's",
        2,
        {"seconds": uploads.SECONDS, "rounds": uploads.ROUNDS},
        lambda stack, results, chosen: uploads.measure(stack, results, **chosen),
    ),
    "latency": Bench(
        "POST to notice at a quiet pace",
        2,
        {"seconds": latency.SECONDS},
        lambda stack, results, chosen: latency.measure(stack, results, **chosen),
    ),
    "load": Bench(
        "1, 8 and 64 scanners without pause",
        3,
        {"seconds": load.SECONDS},
        lambda stack, results, chosen: load.measure(stack, results, **chosen),
    ),
    "history": Bench(
        "what each further 100,000 documents cost",
        20,
        {"documents": history.STEP, "seconds": history.SECONDS, "rounds": history.ROUNDS},
        lambda stack, results, chosen: history.measure(stack, results, **chosen),
    ),
    "sustained": Bench(
        "an hour at half of the most, then a kill and a restart; only when named",
        70,
        {"seconds": sustained.SECONDS},
        lambda stack, results, chosen: sustained.measure(stack, results, **chosen),
        only_when_named=True,
    ),
    "b": Bench(
        "each consumer beside a hand-written loop and one with a commit per message",
        10,
        {"documents": consumers.EVENTS, "rounds": consumers.ROUNDS},
        lambda stack, results, chosen: consumers.measure(stack, results, chosen["documents"], chosen["rounds"]),
    ),
    "e": Bench(
        "the yearly report over 1,000, 47,000 and a million facts",
        5,
        {"facts": MOST_FACTS},
        lambda stack, results, chosen: annual.measure(stack, results, (*annual.FACTS[:-1], chosen["facts"])),
    ),
}
