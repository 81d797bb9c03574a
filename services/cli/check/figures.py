"""Facts against the journals they come from, and counters against the facts."""

from collections.abc import AsyncIterable, AsyncIterator
from typing import Any

from services.chassis.envelope import Vocabulary
from services.chassis.mongo import Row
from services.cli.check.invariant import Counted, Fault, Finding
from services.cli.check.merging import side_by_side
from services.events import EVENTS, Event
from services.reporting.facts import fact_of, is_newer, part_of
from services.reporting.rebuild import differences
from services.reporting.store import ReportingStore

TYPES: dict[str, Any] = Vocabulary(EVENTS).types


def event_of(row: Row) -> Event:
    """The event of a journal row."""
    event: Event = TYPES[row["type"]].model_validate_json(row["value"])
    return event


async def facts(store: ReportingStore, journals: dict[str, AsyncIterable[Row]]) -> AsyncIterator[Finding]:
    """For every document: the fact is what the newest event of each producer makes of it, and nothing more."""
    count = 0
    streams: dict[str, AsyncIterable[Row]] = {**journals, "facts": store.facts_by_id()}
    async for key, found in side_by_side(streams, _key):
        expected = expected_fact(key, [row for name in journals for row in found[name]])
        stored = found["facts"][0] if found["facts"] else None
        count += stored is not None
        if fault := _compare(expected, stored):
            yield Fault(key, fault)
    yield Counted(f"{count:,} facts")


def expected_fact(key: str, rows: list[Row]) -> dict[str, Any] | None:
    parts: dict[str, dict[str, Any]] = {}
    office = ""
    for event in map(event_of, rows):
        said = part_of(event)
        if said and is_newer(said[1], parts.get(said[0])):
            parts[said[0]] = said[1]
            office = event.office
    return fact_of(office, key, parts) if parts else None


def _compare(expected: dict[str, Any] | None, stored: Row | None) -> str:
    if expected is None:
        return "a fact without an event" if stored else ""
    if stored is None:
        return "its fact is missing"
    wrong = sorted(
        name for name in expected if name != "counted" and _plain(expected[name]) != _plain(stored.get(name))
    )
    return f"the fact differs from its events in {', '.join(wrong)}" if wrong else ""


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list | tuple) else value


def _key(row: Row) -> str:
    key: str = row.get("key") or row["_id"]
    return key


async def counters(store: ReportingStore) -> AsyncIterator[Finding]:
    for each in await differences(store):
        place = f"{each.office} {each.series} {each.period}"
        yield Fault(place, f"{each.cell} counts {each.counted}, the facts make {each.expected}")
    yield Counted("all cells")
