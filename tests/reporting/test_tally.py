"""Counters and the standard report against counting by hand."""

from collections import Counter
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.reporting.handling import COLUMNS, handling_row, total_of
from services.reporting.tally import Countable, Delta, RowKey, by_row, contributions, move

START = date(2015, 12, 26)  # few days, so that they often meet; over the end of a year
days = st.integers(0, 11).map(lambda offset: (START + timedelta(days=offset)).isoformat())


@st.composite
def documents(draw: st.DrawFn) -> Countable:
    arrived_on = draw(days)
    done_on = draw(st.none() | days)
    return Countable(
        category=draw(st.sampled_from(["in:locality", "in:other"])),
        arrived_on=arrived_on,
        due_on=draw(st.none() | days),
        done_on=max(done_on, arrived_on) if done_on else None,
        unit=draw(st.sampled_from(["NC", "KT"])),
        person=draw(st.sampled_from(["hoa", "a|b:c"])),
    )


@given(st.lists(documents(), max_size=12), st.lists(documents(), max_size=12))
def test_the_difference_leads_from_the_old_counters_to_the_new(old: list[Countable], new: list[Countable]) -> None:
    def counted(those: list[Countable]) -> dict[tuple[RowKey, str], int]:
        delta: Delta = {}
        for each in those:
            move(delta, "hatinh", (), contributions(each))
        return flat(delta)

    delta: Delta = {}
    for each in old:
        move(delta, "hatinh", contributions(each), ())
    for each in new:
        move(delta, "hatinh", (), contributions(each))
    total = Counter(counted(old))
    total.update(flat(delta))
    assert {place: count for place, count in total.items() if count} == counted(new)


def flat(delta: Delta) -> dict[tuple[RowKey, str], int]:
    return {(row, path): count for row, counts in by_row(delta).items() for path, count in counts.items()}


@given(st.lists(documents(), max_size=25), days, days)
def test_the_standard_report_equals_counting_by_hand(those: list[Countable], one: str, other: str) -> None:
    first, last = min(one, other), max(one, other)
    row = handling_row(sums(those, first, last))
    assert {column: row.cell(column) for column in COLUMNS} == by_hand(those, first, last)
    five = row.done_on_time + row.done_late + row.open_within_time + row.open_overdue + row.no_deadline
    assert row.total == five == row.carried_over + row.new


def sums(those: list[Countable], first: str, last: str) -> dict[str, tuple[int, int]]:
    """Sums over one unit's days, straight from the contributions."""
    found: dict[str, tuple[int, int]] = {}
    for each in those:
        for key in contributions(each):
            series, day, field = key.rsplit("|", 2)
            if series.startswith("unit:"):
                before, until = found.get(field, (0, 0))
                found[field] = (before + (day < first), until + (day <= last))
    return found


def by_hand(those: list[Countable], first: str, last: str) -> dict[str, int]:
    columns = dict.fromkeys(COLUMNS, 0)
    for each in those:
        if each.arrived_on > last or (each.done_on and each.done_on < first):
            continue
        columns["total"] += 1
        columns["carried_over" if each.arrived_on < first else "new"] += 1
        columns[column_of(each, last)] += 1
    return columns


def column_of(each: Countable, last: str) -> str:
    if each.due_on is None:
        return "no_deadline"
    if each.done_on and each.done_on <= last:
        return "done_on_time" if each.done_on <= each.due_on else "done_late"
    return "open_overdue" if each.due_on < last else "open_within_time"


def test_the_due_day_itself_is_within_time() -> None:
    due = Countable("in:other", "2016-03-01", due_on="2016-03-10", unit="NC", person="hoa")
    assert handling_row(sums([due], "2016-03-01", "2016-03-10")).open_within_time == 1
    assert handling_row(sums([due], "2016-03-01", "2016-03-11")).open_overdue == 1


def test_rates_say_nothing_where_there_is_nothing_to_judge() -> None:
    nothing = handling_row({})
    assert (nothing.on_time_rate, nothing.missing_deadline_rate) == (None, None)
    some = handling_row(sums([Countable("in:other", "2016-03-01", unit="NC")], "2016-03-01", "2016-03-10"))
    assert (some.on_time_rate, some.missing_deadline_rate) == (None, 1.0)
    assert total_of([some, some]).no_deadline == 2
