"""A batch of events on the facts it touches: which rows to write and how counters move. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from services.events import Event, PeriodCounted
from services.reporting.facts import Fact, Part, fact_of, is_newer, part_of
from services.reporting.tally import Delta, move

_ABSENT = object()


@dataclass(frozen=True, slots=True)
class News:
    """One producer's newest part of one document within a batch."""

    office: str
    document_id: str
    producer: str
    part: Part


@dataclass(slots=True)
class Changes:
    """`changed` are fields to set by document id, dotted within parts.

    `recounted` moves the counters that are being built beside the live ones, when there are any.
    """

    new: list[Fact] = field(default_factory=list)
    changed: dict[str, dict[str, Any]] = field(default_factory=dict)
    delta: Delta = field(default_factory=dict)
    recounted: Delta = field(default_factory=dict)


def newest_of(events: Iterable[Event]) -> list[News]:
    """What a batch says at most: one part per document and producer."""
    newest: dict[tuple[str, str, str], News] = {}
    for event in events:
        named = part_of(event)
        if named is None:
            continue
        producer, part = named
        place = (event.office, event.key, producer)
        known = newest.get(place)
        if known is None or is_newer(part, known.part):
            newest[place] = News(event.office, event.key, producer, part)
    return list(newest.values())


def strangers(news: Sequence[News], known: Mapping[str, Fact]) -> list[str]:
    """Documents that another office has: ids are one office's only."""
    offices: dict[str, str] = {id: fact["office"] for id, fact in known.items()}
    return [each.document_id for each in news if offices.setdefault(each.document_id, each.office) != each.office]


def project(
    news: Sequence[News], known: Mapping[str, Fact], *, recount: int | None = None, also: Iterable[str] = ()
) -> Changes:
    """Apply the news to the known facts. Documents in `also` are derived anew without any news.

    `recount` is the generation of counters that is being built from the same facts: a fact enters it whole
    the first time it is touched, and by its change from then on.
    """
    parts = _touched(news, known)
    for document_id in also:
        if document_id in known and document_id not in parts:
            parts[document_id] = (known[document_id]["office"], known[document_id]["parts"])
    changes = Changes()
    for document_id, (office, merged) in parts.items():
        _change(changes, known.get(document_id), fact_of(office, document_id, merged), recount)
    return changes


def _touched(news: Sequence[News], known: Mapping[str, Fact]) -> dict[str, tuple[str, dict[str, Part]]]:
    touched: dict[str, tuple[str, dict[str, Part]]] = {}
    for each in news:
        fact = known.get(each.document_id)
        if fact and not is_newer(each.part, fact["parts"].get(each.producer)):
            continue
        if each.document_id not in touched:
            touched[each.document_id] = (each.office, dict(fact["parts"]) if fact else {})
        touched[each.document_id][1][each.producer] = each.part
    return touched


def _change(changes: Changes, old: Fact | None, new: Fact, recount: int | None) -> None:
    counted = old["counted"] if old else []
    move(changes.delta, new["office"], counted, new["counted"])
    if recount is not None:
        entered = old is not None and old.get("recount") == recount
        move(changes.recounted, new["office"], counted if entered else [], new["counted"])
        new["recount"] = recount
    if old is None:
        changes.new.append(new)
    elif fields := _changed_fields(old, new):
        changes.changed[new["_id"]] = fields


def _changed_fields(old: Fact, new: Fact) -> dict[str, Any]:
    """Only these are written: an unchanged field costs the database its index keys, too."""
    fields = {name: value for name, value in new.items() if name != "parts" and old.get(name, _ABSENT) != value}
    known = old["parts"]
    return fields | {f"parts.{each}": part for each, part in new["parts"].items() if known.get(each) is not part}


def period_rows(events: Iterable[Event], known: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Hand-entered counts that are newer than what is known, as rows of their own."""
    rows: dict[str, dict[str, Any]] = {}
    for event in events:
        if isinstance(event, PeriodCounted):
            row = _period_row(event)
            if is_newer(row, rows.get(row["_id"]) or known.get(row["_id"])):
                rows[row["_id"]] = row
    return list(rows.values())


def _period_row(event: PeriodCounted) -> dict[str, Any]:
    state = event.period_count
    return {
        "_id": event.key,
        "office": event.office,
        "epoch": event.epoch,
        "version": event.version,
        "direction": state.direction.value,
        "category": state.category,
        "first_day": state.first_day.isoformat(),
        "last_day": state.last_day.isoformat(),
        "count": state.count,
    }
