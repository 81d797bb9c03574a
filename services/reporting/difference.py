"""Counters against what the facts add up to, cell by cell. Pure."""

from collections.abc import AsyncIterable, Mapping
from dataclasses import dataclass
from typing import Any

from services.reporting.facts import fact_of
from services.reporting.tally import Delta, RowKey, by_row, move

Cells = dict[tuple[RowKey, str], int]


@dataclass(frozen=True, slots=True)
class Difference:
    """`cell` is `field.DD` in a month's row and `field.MM` in a year's."""

    office: str
    series: str
    period: str
    cell: str
    counted: int
    expected: int


async def held(counters: AsyncIterable[Mapping[str, Any]]) -> Cells:
    """What the counter rows say, over all lanes."""
    cells: Cells = {}
    async for row in counters:
        key = RowKey(row["office"], f"{row['family']}:{row['of']}", row["scale"], row["period"])
        for field, parts in row.get("counts", {}).items():
            for part, count in parts.items():
                place = (key, f"{field}.{part}")
                cells[place] = cells.get(place, 0) + count
    return cells


async def tallied(facts: AsyncIterable[Mapping[str, Any]]) -> Cells:
    """What the facts' parts add up to, whatever the rows say they have contributed."""
    delta: Delta = {}
    async for row in facts:
        move(delta, row["office"], (), fact_of(row["office"], row["_id"], row["parts"])["counted"])
    return {(key, path): count for key, counts in by_row(delta).items() for path, count in counts.items()}


def compare(counted: Cells, expected: Cells) -> list[Difference]:
    places = sorted(counted.keys() | expected.keys(), key=lambda place: (place[0].id(0), place[1]))
    return [
        Difference(
            key.office, f"{key.family}:{key.of}", key.period, cell, counted.get(place, 0), expected.get(place, 0)
        )
        for place in places
        for key, cell in [place]
        if counted.get(place, 0) != expected.get(place, 0)
    ]
