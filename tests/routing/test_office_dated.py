"""Rows that hold for a time: overlaps, gaps, and the row nearest to a day."""

from datetime import date

import pytest

from services.routing.office.dated import Dated, first_gap, nearest, on, overlaps, turns


def row(first: int | None, last: int | None) -> Dated:
    """From and to a day of January 2026."""
    days = [None if each is None else date(2026, 1, each) for each in (first, last)]
    return Dated(valid_from=days[0], valid_to=days[1])


def day(number: int) -> date:
    return date(2026, 1, number)


def test_both_days_of_a_row_are_included() -> None:
    held = [number for number in (1, 2, 4, 5) if on([row(2, 4)], day(number))]
    assert held == [2, 4]


@pytest.mark.parametrize(
    ("rows", "count"),
    [
        ([row(None, 4), row(5, None)], 0),
        ([row(None, 5), row(5, None)], 1),
        ([row(None, None), row(1, 2), row(4, 5)], 2),
        ([row(1, 9), row(2, 3), row(5, 6)], 2),
        ([row(5, 2), row(1, 9)], 0),
    ],
)
def test_every_row_that_begins_too_early_is_found(rows: list[Dated], count: int) -> None:
    assert len(list(overlaps(rows))) == count
    assert len(list(overlaps(reversed(rows)))) == count


@pytest.mark.parametrize(
    ("rows", "gap"),
    [
        ([row(None, 4), row(5, None)], None),
        ([row(None, 3), row(5, None)], day(4)),
        ([row(4, None)], day(2)),
        ([row(1, 6)], day(7)),
        ([row(1, 9)], None),
    ],
)
def test_the_first_day_that_no_row_holds_is_found(rows: list[Dated], gap: date | None) -> None:
    assert first_gap(rows, day(2), day(9)) == gap


def test_the_nearest_row_is_the_one_that_holds_else_the_last_before_else_the_first() -> None:
    rows = [row(3, 4), row(7, 8)]
    assert [nearest(rows, day(number)) for number in (1, 3, 5, 7, 9)] == [rows[0], rows[0], rows[0], rows[1], rows[1]]


def test_a_row_turns_when_it_begins_and_the_day_after_it_ends() -> None:
    assert list(turns(row(3, 4))) == [day(3), day(5)]
    assert list(turns(Dated(valid_to=date.max))) == []
