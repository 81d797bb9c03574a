"""What a handful of measurements says: middle, tail, spread and ratio. Pure."""

import math
from collections.abc import Sequence


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that at least `percent` of all values do not exceed (nearest rank). Raises ValueError."""
    if not values:
        raise ValueError("no measurements")
    if not 0 < percent <= 100:
        raise ValueError(f"{percent} is no percentage")
    return sorted(values)[math.ceil(percent / 100 * len(values)) - 1]


def median(values: Sequence[float]) -> float:
    """The middle value, or the mean of the middle two. Raises ValueError when there are none."""
    if not values:
        raise ValueError("no measurements")
    ordered, half = sorted(values), len(values) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2


def spread(values: Sequence[float]) -> float:
    """How far the values lie apart: (highest - lowest) / median."""
    middle = median(values)
    return (max(values) - min(values)) / middle if middle else 0.0


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """Median to median, of measurements taken in the same run."""
    divisor = median(theirs)
    return median(ours) / divisor if divisor else math.inf


def slope(points: Sequence[tuple[float, float]]) -> float:
    """Least-squares growth of y per x; 0 when all x are the same."""
    if not points:
        raise ValueError("no measurements")
    middle_x = sum(x for x, _ in points) / len(points)
    middle_y = sum(y for _, y in points) / len(points)
    width = sum((x - middle_x) ** 2 for x, _ in points)
    return sum((x - middle_x) * (y - middle_y) for x, y in points) / width if width else 0.0
