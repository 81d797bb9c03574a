"""Facts against the journals they come from, and counters against the facts."""

from collections.abc import AsyncIterable, AsyncIterator
from typing import Any

from services.chassis.envelope import Vocabulary
from services.chassis.mongo import Row
from services.cli.check.invariant import Counted, Fault, Finding
from services.cli.check.merging import side_by_side
from services.events import EVENTS, Event
from services.reporting.facts import fact_of, is_newer, part_of
from services.reporting.projecting import period_rows
from services.reporting.rebuild import differences
from services.reporting.store import ReportingStore

TYPES: dict[str, Any] = Vocabulary(EVENTS).types


def event_of(row: Row) -> Event:
    """The event of a journal row."""
    event: Event = TYPES[row["type"]].model_validate_json(row["value"])
    return event


async def facts(store: ReportingStore, journals: dict[str, AsyncIterable[Row]]) -> AsyncIterator[Finding]:
    """Every fact and hand-entered count is what the newest event of each producer makes of it, and nothing more."""
    counts = {"facts": 0, "period counts": 0}
    streams: dict[str, AsyncIterable[Row]] = {
        **journals,
        "facts": store.facts_by_id(),
        "period counts": store.period_counts_by_id(),
    }
    async for key, found in side_by_side(streams, _key):
        events = [event_of(row) for name in journals for row in found[name]]
        expected = {"facts": expected_fact(key, events), "period counts": next(iter(period_rows(events, {})), None)}
        for name in counts:
            stored = found[name][0] if found[name] else None
            counts[name] += stored is not None and (name != "facts" or _is_of_a_document(stored))
            if fault := _compare(name.removesuffix("s"), expected[name], stored):
                yield Fault(key, fault)
    yield Counted(", ".join(f"{count:,} {name}" for name, count in counts.items()))


def _is_of_a_document(fact: Row) -> bool:
    """Notices of an incident make one that no document stands behind."""
    return "intake" in fact["parts"]


def expected_fact(key: str, events: list[Event]) -> dict[str, Any] | None:
    parts: dict[str, dict[str, Any]] = {}
    office = ""
    for event in events:
        said = part_of(event)
        if said and is_newer(said[1], parts.get(said[0])):
            parts[said[0]] = said[1]
            office = event.office
    return fact_of(office, key, parts) if parts else None


def _compare(what: str, expected: dict[str, Any] | None, stored: Row | None) -> str:
    if expected is None:
        return f"a {what} without an event" if stored else ""
    if stored is None:
        return f"its {what} is missing"
    wrong = sorted(
        name for name in expected if name != "counted" and _plain(expected[name]) != _plain(stored.get(name))
    )
    return f"the {what} differs from its events in {', '.join(wrong)}" if wrong else ""


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list | tuple) else value


def _key(row: Row) -> str:
    key: str = row.get("key") or row["_id"]
    return key


async def counters(store: ReportingStore) -> AsyncIterator[Finding]:
    """Every cell is what the facts add up to, and nobody writes a generation that nobody finishes."""
    if building := (await store.pointer()).building:
        name = f"facts {building.facts}, counters {building.counters}"
        yield Fault(name, "a rebuild was begun and never ended; run it again or `vanthu recompute`")
    for each in await differences(store):
        place = f"{each.office} {each.series} {each.period}"
        yield Fault(place, f"{each.cell} counts {each.counted}, the facts make {each.expected}")
    yield Counted("all cells")
