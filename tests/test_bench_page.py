"""The benchmark's results on a page: what is judged, what is drawn, what is left out."""

from typing import Any

import pytest

from tests.bench.__main__ import parsed
from tests.bench.benches import BENCHES
from tests.bench.charts import charts, last_of_each, margin
from tests.bench.page import page
from tests.bench.results import Results

HISTORY = [
    {
        "documents": 100_000 * step,
        "ratio": 1.0,
        "least_ratio": 0.9,
        "cost": 1.01,
        "most_cost": 1 + 0.05 * step,
        "questions_ms": {"book page": 5.0},
    }
    for step in range(4)
]


def kept(bench: str = "c", *, full: bool = True, figure: float = 0.8, **details: Any) -> dict[str, Any]:
    results = Results(full={bench} if full else set())
    results.add(bench, "intake / bare", figure, "x", least=0.5)
    results.details |= details
    return results.as_dict()


@pytest.mark.parametrize(
    ("figure", "required", "times"),
    [
        (0.8, ">= 0.5", 1.6),
        (0.4, ">= 0.5", 0.8),
        (1.05, "<= 1.05", 1.0),
        (2.1, "<= 1.05", 0.5),
        (-0.01, "<= 0.05", 4.0),
        (900, ">= 20", 4.0),
    ],
)
def test_a_bar_shows_how_many_times_better_than_its_limit_a_ratio_is(
    figure: float, required: str, times: float
) -> None:
    assert margin(figure, required) == pytest.approx(times)


def test_a_trial_does_not_take_the_place_of_a_whole_run() -> None:
    whole, trial = kept(figure=0.8), kept(full=False, figure=0.1)
    assert last_of_each([whole, trial]) == {"c": whole}
    assert last_of_each([trial]) == {}


def test_the_newest_ratios_are_drawn_against_their_limits_missed_ones_apart() -> None:
    (chart,) = charts({"c": kept(figure=0.4)}, [])
    assert "Ratios against their limits" in chart
    assert "c: intake / bare" in chart
    assert "0.4 (&gt;= 0.5)" in chart


def test_what_was_not_judged_is_not_drawn_as_kept() -> None:
    results = Results(full={"b"})
    results.add("b", "routing / by hand", 0.9, "x", least=0.6, judged=False)
    assert results.lines[0].met is None
    assert "not judged" in results.lines[0].required
    assert charts({"b": results.as_dict()}, []) == []


def test_history_is_drawn_from_zero_with_its_limits() -> None:
    found = charts({"history": kept("history", history=HISTORY)}, [])
    speed, cost, questions = found[1:]
    assert "Documents per second with history" in speed
    assert ">limit<" in speed
    assert ">limit<" in cost
    assert "book page" in questions


def test_a_bench_that_ends_early_is_a_missed_line_with_its_cause_and_no_whole_run() -> None:
    results = Results(full={"c"})
    results.fail("c", ExceptionGroup("both", [ValueError("no disk"), TimeoutError("too long")]))
    assert results.lines[0].met is False
    assert "ValueError: no disk; TimeoutError: too long" in results.lines[0].what
    assert results.full == set()


def test_the_page_names_machine_code_and_servers_and_holds_the_tables() -> None:
    text = page([kept(history=HISTORY)])
    assert "intake / bare" in text
    assert "Kafka" in text
    assert "code" in text
    assert text.count("<svg") == 1


def test_only_benches_that_nothing_shortened_count_as_whole() -> None:
    assert BENCHES["sustained"].is_full(parsed(["sustained"]))
    assert BENCHES["sustained"].is_full(parsed(["sustained", "--seconds", "3600"]))
    assert not BENCHES["sustained"].is_full(parsed(["sustained", "--seconds", "25"]))
    assert not BENCHES["a"].is_full(parsed(["a", "--documents", "47000"]))
    assert BENCHES["latency"].is_full(parsed(["latency", "--documents", "10"]))


def test_the_help_says_how_long_each_bench_takes_and_what_it_obeys(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parsed(["--help"])
    said = capsys.readouterr().out
    for name, bench in BENCHES.items():
        assert bench.help(name) in said
    assert "about 70 min; obeys --seconds" in said
