"""`python -m tests.bench [BENCH ...] [--documents N]`: measures, prints a table, keeps the figures as JSON.

a: the whole year and where its CPU time goes; b: the consumers; c: intake; d: memory (measured with a);
e: the yearly report; latency: POST to notice; load: 1, 8 and 64 scanners; history: what years of documents cost;
sustained: an hour at half of the most, only when named. `python -m tests.bench.page` draws all that was kept.
Servers named by VANTHU_* are used, others are started.
"""

import argparse
import asyncio
import logging
import sys
from collections.abc import Callable, Sequence

from services.chassis.logs import set_up_logs
from tests.bench import annual, consumers, history, latency, load, sustained, uploads, year
from tests.bench.machine import Watch
from tests.bench.results import Results
from tests.bench.stack import Stack, stack

BENCHES = ("c", "latency", "load", "history", "sustained", "b", "e", "a", "d")
ONLY_WHEN_NAMED = frozenset({"sustained"})


def main(arguments: Sequence[str]) -> int:
    options = parsed(arguments)
    set_up_logs("WARNING", json=False)
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # new topics have no leader for a moment
    results, before = Results(), Watch.now()
    wanted = [each for each in BENCHES if each in (options.benches or set(BENCHES) - ONLY_WHEN_NAMED)]
    results.say(f"load of the machine before: {results.load_at_start}")
    if on_servers := [each for each in wanted if each not in {"a", "d"}]:
        with stack() as servers:
            for each in on_servers:
                results.say(f"[bold]{each}[/bold]")
                work(each, servers, results, options)()
    if {"a", "d"} & set(wanted):
        year.measure(results, options.documents)
    results.details["cpu_busy"] = Watch.now().busy_since(before)
    results.console.print(results.table())
    results.say(f"kept in {results.save()}")
    return 0 if all(each.met is not False for each in results.lines) else 1


def work(bench: str, servers: Stack, results: Results, options: argparse.Namespace) -> Callable[[], None]:
    events, seconds = options.documents or consumers.EVENTS, options.seconds
    facts = (1_000, 47_000, options.facts)
    works: dict[str, Callable[[], None]] = {
        "b": lambda: asyncio.run(consumers.measure(servers, results, events, options.rounds)),
        "c": lambda: asyncio.run(uploads.measure(servers, results, seconds or uploads.SECONDS, options.rounds)),
        "e": lambda: asyncio.run(annual.measure(servers, results, facts)),
        "latency": lambda: asyncio.run(latency.measure(servers, results, seconds or latency.SECONDS)),
        "load": lambda: asyncio.run(load.measure(servers, results, seconds or load.SECONDS)),
        "history": lambda: asyncio.run(history.measure(servers, results)),
        "sustained": lambda: asyncio.run(sustained.measure(servers, results, seconds or sustained.SECONDS)),
    }
    return works[bench]


def parsed(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument(
        "benches", nargs="*", metavar="BENCH", help=f"Of {', '.join(BENCHES)}; without names all but sustained."
    )
    parser.add_argument("--documents", type=int, help="Documents of the year (a, d) and of b, instead of the whole.")
    parser.add_argument("--seconds", type=float, help="Length of latency, sustained, and each round of c and load.")
    parser.add_argument("--rounds", type=int, default=3, help="Rounds of b and c, whose median counts.")
    parser.add_argument("--facts", type=int, default=1_000_000, help="Most facts of e.")
    options = parser.parse_args(arguments)
    if strange := set(options.benches) - set(BENCHES):
        parser.error(f"there is no bench {', '.join(sorted(strange))}")
    return options


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
