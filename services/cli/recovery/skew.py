"""Which of what a producer said its readers lack, and where they know more than it does. Pure."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from services.chassis.journal import order_of
from services.events import (
    Direction,
    DocumentDescribed,
    DocumentErased,
    DocumentSealed,
    DocumentUnsealed,
    PeriodCounted,
    SecrecyIncidentRaised,
)

Order = tuple[int, int]
Row = dict[str, Any]
NEVER: Order = (-1, 0)
NOTHING: Mapping[str, Order] = {}
SEALS = {each.type for each in (DocumentSealed, DocumentUnsealed, DocumentErased)}


@dataclass(frozen=True)
class Mend:
    """`again`: all that was said of the subject is sent again. `restate_as`: it is said anew, at this version."""

    producer: str
    row: Row
    restate_as: int | None = None


def mends(key: str, found: Mapping[str, list[Row]], beyond: Mapping[str, Order] = NOTHING) -> list[Mend]:
    """`found` has what each producer said (`said …`) and what each service keeps of the subject.

    `beyond` is, by producer, what stands in Kafka and is newer than all that the producer has: it may be heard.
    """
    result = []
    for producer, readers in _readers(found).items():
        known = [*readers, *([beyond[producer]] if producer in beyond else [])]
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
    heard += _hidden(found)
    told = [_told(found["notify"]), _order(parts.get("routing", {}))]
    if document:
        told.append(_order(document.get("assignment", {})))
    return {"intake": heard, "routing": told, "notify": [_order(parts.get("notify", {}))]}


def _hidden(found: Mapping[str, list[Row]]) -> list[Order]:
    """What notify has heard of seals and restrictions, as far as that is not all: words would stay in its notices."""
    said, ledger = found["said intake"], _only(found["notify"])
    newest_seal = max((order_of(row) for row in said if row["type"] in SEALS), default=None)
    epoch, version = ledger.get("seal_heard", NEVER)
    heard = [(epoch, version)] if newest_seal and newest_seal != (epoch, version) else []
    described = any(row["type"] == DocumentDescribed.type for row in said)
    if described and _only(found["intake"]).get("restricted") and not ledger.get("restricted"):
        heard.append(NEVER)
    return heard


def _only(rows: list[Row]) -> Row:
    return rows[0] if rows else {}


def _order(row: Row, prefix: str = "") -> Order:
    return (row[f"{prefix}epoch"], row[f"{prefix}version"]) if f"{prefix}version" in row else NEVER


def _told(ledgers: list[Row]) -> Order:
    heard: Iterable[Collection[Any]] = _only(ledgers).get("heard", ())
    return max(((epoch, version) for _, epoch, version, *_ in heard), default=NEVER)
