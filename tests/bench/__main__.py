"""Measures, prints a table and keeps the figures as JSON; `python -m tests.bench.page` draws all that was kept.

Servers named by VANTHU_* are used, others are started. A run that an option shortens is kept, but not drawn.
Exit code 1 when a figure misses what is required of it, or when a bench does not come to its end.
"""

import argparse
import asyncio
import logging
import signal
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from services.chassis.logs import set_up_logs
from tests.bench import year
from tests.bench.benches import BENCHES, Options
from tests.bench.machine import Watch
from tests.bench.results import Results
from tests.bench.stack import stack

YEAR = ("a", "d")


def main(arguments: Sequence[str]) -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that what was measured is kept
    options = parsed(arguments)
    set_up_logs("WARNING", json=False)
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # new topics have no leader for a moment
    chosen = options.benches or [name for name, bench in BENCHES.items() if not bench.only_when_named]
    wanted = [name for name in BENCHES if name in chosen]
    results, before = Results(vars(options)), Watch.now()
    results.say(f"load of the machine before: {results.load_at_start}")
    try:
        measure(wanted, results, options)
    finally:
        results.details["cpu_busy"] = Watch.now().busy_since(before)
        results.console.print(results.table())
        results.say(f"kept in {results.save()}")
    return 0 if all(each.met is not False for each in results.lines) else 1


def measure(wanted: Sequence[str], results: Results, options: Options) -> None:
    """The year first, on a disk that nobody has tired; its folder stays until the end, for the same reason."""
    with tempfile.TemporaryDirectory(prefix="vanthu-bench-year-") as folder:
        if here := [name for name in YEAR if name in wanted]:
            with _to_its_end(here, results, options):
                year.measure(results, Path(folder), options.documents, profiled=options.profile)
        _measure_on_servers([name for name in wanted if name not in YEAR], results, options)


def _measure_on_servers(wanted: Sequence[str], results: Results, options: Options) -> None:
    if not wanted:
        return
    with stack() as servers:
        for name in wanted:
            results.say(f"[bold]{name}[/bold]")
            with _to_its_end([name], results, options):
                asyncio.run(BENCHES[name].work(servers, results, options))


@contextmanager
def _to_its_end(names: Sequence[str], results: Results, options: Options) -> Iterator[None]:
    """Whole is only what came to its end. A bench that fails does not take the next one's figures with it."""
    try:
        yield
    except Exception as error:
        for name in names:
            results.fail(name, error)
    else:
        results.full |= {name for name in names if BENCHES[name].is_full(options)}
    finally:
        results.save()  # whatever becomes of the next one


def parsed(arguments: Sequence[str]) -> Options:
    benches = "\n".join(bench.help(name) for name, bench in BENCHES.items())
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench",
        description=__doc__,
        epilog=f"benches, in their order:\n{benches}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("benches", nargs="*", metavar="BENCH", help="of those below; without names all but sustained")
    parser.add_argument("--documents", type=int, help="documents of the year, events of b, each step of history")
    parser.add_argument("--seconds", type=float, help="length of each load")
    parser.add_argument("--rounds", type=int, help="rounds whose median counts")
    parser.add_argument("--facts", type=int, help="most facts of e")
    parser.add_argument("--profile", action="store_true", help="a: a second run, to see where its CPU time goes")
    options = parser.parse_args(arguments)
    if strange := set(options.benches) - set(BENCHES):
        parser.error(f"there is no bench {', '.join(sorted(strange))}")
    return options


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
