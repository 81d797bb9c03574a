"""Which of what a producer said its readers lack, and where they know more than it does. Pure."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from services.chassis.journal import order_of
from services.events import (
    Direction,
    PeriodCounted,
    SecrecyIncidentRaised,
)

Order = tuple[int, int]
Row = dict[str, Any]
NEVER: Order = (-1, 0)


@dataclass(frozen=True)
class Mend:
    """`again`: all that was said of the subject is sent again. `restate_as`: it is said anew, at this version."""

    producer: str
    row: Row
    restate_as: int | None = None


def mends(key: str, found: Mapping[str, list[Row]]) -> list[Mend]:
    """`found` has what each producer said (`said …`) and what each service keeps of the subject."""
    result = []
    for producer, known in _readers(found).items():
        newest = max(found[f"said {producer}"], key=order_of, default=None)
        if newest is not None and any(each != order_of(newest) for each in known):
            ahead = max(known) > order_of(newest)
            versions = [version for _, version in [*known, order_of(newest)]]
            result.append(Mend(producer, newest, max(versions) + 1 if ahead else None))
    return result


def _readers(found: Mapping[str, list[Row]]) -> dict[str, list[Order]]:
    """What each reader has heard of each producer."""
    parts = _only(found["reporting"]).get("parts", {})
    types = {row["type"] for row in found["said intake"]}
    if SecrecyIncidentRaised.type in types:
        return {"intake": [_told(found["notify"])], "notify": [_order(parts.get("notify", {}))]}
    if PeriodCounted.type in types:
        return {"intake": [_order(_only(found["counts"]))]}
    document = _only(found["intake"])
    heard = [_order(parts.get("intake", {}))]
    if document.get("direction") == Direction.INCOMING:
        heard.append(_order(_only(found["routing"]), "source_"))
    told = [_told(found["notify"]), _order(parts.get("routing", {}))]
    if document:
        told.append(_order(document.get("assignment", {})))
    return {"intake": heard, "routing": told, "notify": [_order(parts.get("notify", {}))]}


def _only(rows: list[Row]) -> Row:
    return rows[0] if rows else {}


def _order(row: Row, prefix: str = "") -> Order:
    return (row[f"{prefix}epoch"], row[f"{prefix}version"]) if f"{prefix}version" in row else NEVER


def _told(ledgers: list[Row]) -> Order:
    heard: Iterable[Collection[Any]] = _only(ledgers).get("heard", ())
    return max(((epoch, version) for _, epoch, version, *_ in heard), default=NEVER)
