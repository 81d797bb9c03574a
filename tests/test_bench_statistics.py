"""The benchmark's arithmetic."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.bench.figures import median, percentile, ratio, slope, spread

VALUES = st.lists(st.floats(min_value=0.001, max_value=1e6), min_size=1, max_size=50)


def test_the_99th_percentile_of_a_hundred_values_is_the_second_largest() -> None:
    values = [float(value) for value in range(100, 0, -1)]
    assert (percentile(values, 50), percentile(values, 99), percentile(values, 100)) == (50.0, 99.0, 100.0)


@given(VALUES, st.floats(min_value=0.1, max_value=100))
def test_a_percentile_is_a_measured_value_that_enough_values_do_not_exceed(values: list[float], percent: float) -> None:
    found = percentile(values, percent)
    assert found in values
    assert sum(value <= found for value in values) >= percent / 100 * len(values) - 1e-9


def test_the_median_of_an_even_number_lies_between_the_middle_two() -> None:
    assert median([4.0, 1.0, 3.0, 2.0]) == 2.5
    assert median([9.0, 1.0, 2.0]) == 2.0


@given(VALUES)
def test_a_ratio_of_measurements_to_themselves_is_one(values: list[float]) -> None:
    assert ratio(values, values) == pytest.approx(1.0)


def test_one_outlier_moves_neither_side_of_a_ratio() -> None:
    assert ratio([10.0, 10.0, 1.0], [20.0, 20.0, 900.0]) == 0.5


def test_a_ratio_to_nothing_is_infinite() -> None:
    assert math.isinf(ratio([1.0], [0.0]))


def test_spread_is_relative_to_the_median() -> None:
    assert spread([90.0, 100.0, 110.0]) == pytest.approx(0.2)


def test_growth_is_found_through_noise_and_none_where_there_is_none() -> None:
    assert slope([(0, 1), (1, 3), (2, 5)]) == pytest.approx(2.0)
    assert slope([(0, 5), (1, 6), (2, 5)]) == pytest.approx(0.0)
    assert slope([(3, 1), (3, 9)]) == 0.0


def test_no_measurements_are_an_error_and_not_a_zero() -> None:
    for figure in (median, spread, slope):
        with pytest.raises(ValueError, match="no measurements"):
            figure([])
    with pytest.raises(ValueError, match="no measurements"):
        percentile([], 50)
    with pytest.raises(ValueError, match="no percentage"):
        percentile([1.0], 0)
