"""The ledger survives kills, and the figures are those of this run."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.demo.failure import DemoFailure
from services.demo.figures import figures_of, spread_of
from services.demo.ledger import Entry, Ledger, entries, path_of

ENTRY = Entry(
    key="2016-in-000001",
    device="scan-1",
    id="d1",
    book="incoming",
    year=2026,
    number=1,
    received_at="2026-11-23T07:00:00.5+00:00",
    posted_at=100.0,
    answered_at=100.2,
    repeated=False,
    tries=1,
)


def entry(number: int, **changes: object) -> Entry:
    return replace(ENTRY, key=f"2016-in-{number:06d}", id=f"d{number}", number=number, **changes)  # type: ignore[arg-type]


def written(path: Path, *lines: Entry) -> None:
    ledger = Ledger(path)
    for each in lines:
        ledger.write(each)
    ledger.close()


def test_a_line_cut_short_by_a_kill_spoils_only_itself(tmp_path: Path) -> None:
    path = path_of(tmp_path, 0)
    written(path, entry(1), entry(2))
    path.write_bytes(path.read_bytes()[:-9])
    written(path, entry(3))
    assert [each.key for each in entries(tmp_path)] == ["2016-in-000001", "2016-in-000003"]


def test_the_first_answer_counts_and_two_different_ones_are_told(tmp_path: Path) -> None:
    written(path_of(tmp_path, 0), entry(1))
    written(path_of(tmp_path, 1), entry(1, answered_at=999.0, repeated=True))
    assert list(entries(tmp_path)) == [entry(1)]
    written(path_of(tmp_path, 2), replace(entry(1), id="another"))
    with pytest.raises(DemoFailure, match="two answers"):
        list(entries(tmp_path))


def test_earlier_runs_and_repeated_answers_are_left_out_of_the_figures() -> None:
    answered = [
        entry(1, posted_at=50.0, answered_at=51.0),
        entry(2, posted_at=100.0, answered_at=100.1),
        entry(3, posted_at=101.0, answered_at=102.0),
        entry(4, posted_at=101.0, answered_at=109.0, repeated=True),
    ]
    figures = figures_of(answered, {"d1": 52.0, "d2": 100.4, "d4": 60.0}, began=99.0, settled=112.0)
    assert figures.posted == 2
    assert figures.posting_seconds == pytest.approx(2.0)
    assert figures.documents_per_second == pytest.approx(1.0)
    assert figures.until_settled_seconds == pytest.approx(12.0)
    assert figures.to_notice is not None
    assert figures.to_notice.count == 1
    assert figures.to_notice.p99 == pytest.approx(0.4)


def test_a_run_that_posted_nothing_has_no_rate() -> None:
    figures = figures_of([entry(1)], {}, began=500.0, settled=501.0)
    assert (figures.posted, figures.documents_per_second, figures.to_number, figures.to_notice) == (0, None, None, None)


@given(st.lists(st.floats(min_value=0, max_value=1e6), min_size=1))
def test_percentiles_are_measured_values_in_order(seconds: list[float]) -> None:
    spread = spread_of(seconds)
    assert spread is not None
    assert {spread.p50, spread.p95, spread.p99} <= set(seconds)
    assert min(seconds) <= spread.p50 <= spread.p95 <= spread.p99 <= max(seconds)
    assert sum(each <= spread.p95 for each in seconds) >= 0.95 * len(seconds)
