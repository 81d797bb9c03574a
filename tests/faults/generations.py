"""Facts and counters of reporting, to be compared: the live ones, and those that a rebuild has beside them."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from pymongo import MongoClient

from tests.faults.evidence import Place, Row

Figures = tuple[Mapping[str, Row], Counter[tuple[str, ...]]]


def figures_of(facts: Iterable[Row], counters: Iterable[Row]) -> Figures:
    """Facts by document, and the counters over all lanes; a cell that is back at nothing is none."""
    cells: Counter[tuple[str, ...]] = Counter()
    for row in counters:
        place = tuple(row[name] for name in ("office", "family", "of", "scale", "period"))
        for name, parts in row["counts"].items():
            for part, count in parts.items():
                cells[*place, name, part] += count
    return {row["_id"]: row for row in facts}, Counter({cell: count for cell, count in cells.items() if count})


def live_and_rebuilt(place: Place) -> tuple[Figures, Figures]:
    """Of a rebuild that has not been made the live one yet."""
    with MongoClient[Row](place.mongo_url) as client:
        reporting = client[f"{place.prefix}_reporting"]

        def of(generation: Mapping[str, Any]) -> Figures:
            return figures_of(
                reporting[f"facts_{generation['facts']}"].find(),
                reporting[f"counters_{generation['counters']}"].find(),
            )

        pointer = reporting["projection"].find_one({"_id": 0})
        assert pointer is not None
        assert pointer["building"], "no rebuild is under way"
        return of(pointer["current"]), of(pointer["building"])
