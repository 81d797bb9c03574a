"""Symbols of outgoing documents, and the books that number them."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.events import Direction, Kind
from services.intake.numbering import (
    MOST_BYTES,
    MOST_DOCUMENTS,
    QpplOfTheOffice,
    clocks_agree,
    fit_together,
    is_ahead,
    is_book,
    is_of_year,
    outgoing_book,
)
from services.intake.symbols import ABBREVIATIONS, symbol_of


def test_symbols_are_written_as_the_decree_says() -> None:
    assert symbol_of(15, 2016, Kind.QUYET_DINH, "UBND") == "15/QĐ-UBND"
    assert symbol_of(123, 2016, Kind.CONG_VAN, "UBND", "NC") == "123/UBND-NC"
    assert symbol_of(12, 2016, Kind.QPPL, "UBND", qppl_kind=Kind.QUYET_DINH) == "12/2016/QĐ-UBND"
    assert symbol_of(5, 2016, Kind.THU_CONG, "UBND") == "05/UBND"


@given(st.integers(1, 99_999), st.sampled_from(sorted(ABBREVIATIONS)))
def test_only_numbers_under_ten_get_a_zero(number: int, kind: Kind) -> None:
    written, _, rest = symbol_of(number, 2016, kind, "UBND").partition("/")
    assert written == (f"0{number}" if number < 10 else str(number))
    assert rest == f"{ABBREVIATIONS[kind]}-UBND"


def test_each_qppl_kind_has_its_own_book_and_the_office_one_of_its_own() -> None:
    assert outgoing_book("outgoing", None) == "outgoing"
    assert outgoing_book("outgoing", Kind.QUYET_DINH) == "outgoing-qppl-quyet-dinh"
    assert outgoing_book("outgoing-office", None) == "outgoing-office"
    with pytest.raises(QpplOfTheOffice):
        outgoing_book("outgoing-office", Kind.QUYET_DINH)


def test_a_door_names_only_books_of_its_direction() -> None:
    assert is_book(Direction.INCOMING, "incoming")
    assert is_book(Direction.OUTGOING, "outgoing-office")
    assert not is_book(Direction.INCOMING, "outgoing")
    assert not is_book(Direction.OUTGOING, "incoming")
    assert not is_book(Direction.INCOMING, "../etc")


@given(st.lists(st.integers(0, 2 * MOST_BYTES), min_size=1, max_size=300))
def test_a_batch_keeps_its_limits_and_is_never_empty(sizes: list[int]) -> None:
    count = fit_together(sizes)
    assert 1 <= count <= min(len(sizes), MOST_DOCUMENTS)
    assert count == 1 or sum(sizes[:count]) <= MOST_BYTES


def test_clocks_that_differ_in_either_direction_disagree() -> None:
    now, tolerance = datetime(2026, 6, 1, tzinfo=UTC), timedelta(minutes=5)
    assert clocks_agree(now + tolerance, now, tolerance)
    assert clocks_agree(now - tolerance, now, tolerance)
    assert not clocks_agree(now + timedelta(hours=1), now, tolerance)
    assert not clocks_agree(now - timedelta(hours=1), now, tolerance)


def test_a_book_is_ahead_when_its_time_is_in_the_future() -> None:
    now, tolerance = datetime(2026, 6, 1, tzinfo=UTC), timedelta(minutes=5)
    assert not is_ahead(now - timedelta(hours=1), now, tolerance)
    assert not is_ahead(now + tolerance, now, tolerance)
    assert is_ahead(now + timedelta(hours=1), now, tolerance)


def test_the_year_of_a_book_is_the_offices() -> None:
    zone = ZoneInfo("Asia/Ho_Chi_Minh")
    midnight = datetime(2026, 12, 31, 17, 0, tzinfo=UTC)
    assert is_of_year(midnight + timedelta(days=1), midnight, zone)
    assert not is_of_year(midnight, midnight - timedelta(seconds=1), zone)
