"""Facts and counters built anew beside the live ones, under traffic, on real MongoDB."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import date
from typing import Any

import pytest

from services.chassis.errors import LostRace, OutcomeUnknown
from services.events import Direction, Event, Kind
from services.reporting.app import opened
from services.reporting.generations import Generation
from services.reporting.rebuild import Behind, differences, rebuild, recompute
from services.reporting.settings import ReportingSettings
from services.reporting.store import ReportingStore, Superseded
from tests.reporting.saying import period_counted, received
from tests.reporting.test_store import MONDAY, a_year, annual


async def journal(events: list[Event], pause_seconds: float = 0.0) -> AsyncIterator[Event]:
    for event in events:
        await asyncio.sleep(pause_seconds)
        yield event


async def rows(store: ReportingStore) -> list[dict[str, Any]]:
    return [{name: value for name, value in row.items() if name != "recount"} async for row in store.facts_by_id()]


async def test_a_rebuild_from_the_journals_equals_the_live_facts(store: ReportingStore) -> None:
    counted = period_counted("p", Direction.INCOMING, date(2016, 1, 1), date(2016, 2, 1), 7)
    events = [*a_year(150), counted]
    await store.count(events)
    before, totals = await rows(store), await annual(store)
    told: list[int] = []
    rebuilt = await rebuild(store, journal(events), progress=told.append, grace_seconds=0)
    assert (rebuilt.events, rebuilt.facts, sum(told)) == (len(events), 150, len(events))
    assert await rows(store) == before
    assert await annual(store) == totals
    assert [each async for each in store.period_versions()]
    assert await differences(store) == []


async def test_a_rebuild_mends_a_fact_that_was_spoilt(store: ReportingStore) -> None:
    events = a_year(20)
    await store.count(events)
    before = await rows(store)
    facts = store._facts((await store.pointer()).current)
    await facts.update_one({"_id": "hatinh-1"}, {"$set": {"category": "in:other", "counted": []}})
    await rebuild(store, journal(events), grace_seconds=0)
    assert await rows(store) == before


async def test_traffic_during_a_rebuild_loses_nothing(
    store: ReportingStore, reporting_settings: ReportingSettings
) -> None:
    old, new = a_year(120), a_year(200)[400:]
    said = list(old)
    await store.count(old)

    async def traffic(live: ReportingStore) -> None:
        for start in range(0, len(new), 10):
            said.extend(new[start : start + 10])  # journalled before Kafka has it
            await live.count(new[start : start + 10])
            await asyncio.sleep(0.005)

    async def journals() -> AsyncIterator[Event]:
        for event in tuple(said):  # what is said from here on comes through Kafka only
            await asyncio.sleep(0.001)
            yield event

    async with opened(reporting_settings) as live:
        going = asyncio.create_task(traffic(live))
        await rebuild(store, journals(), grace_seconds=0)
        await going
    assert {row["_id"] for row in await rows(store)} == {event.key for event in said}
    assert await differences(store) == []


async def test_journals_that_lack_a_live_document_flip_nothing(store: ReportingStore) -> None:
    events = a_year(10)
    await store.count(events)
    totals = await annual(store)
    missing = [event for event in events if event.key != "hatinh-3"]
    with pytest.raises(Behind) as behind:
        await rebuild(store, journal(missing), grace_seconds=0)
    assert behind.value.document_ids == ("hatinh-3",)
    assert await annual(store) == totals
    assert (await store.pointer()).building is None


async def cut_short(events: list[Event]) -> AsyncIterator[Event]:
    for event in events:
        yield event
    raise ConnectionResetError


async def nothing_is_being_built(store: ReportingStore) -> bool:
    names = await store._generation_names()
    return (await store.pointer()).building is None and len(names) == 3


async def test_a_rebuild_whose_journals_break_off_leaves_nothing_being_built(store: ReportingStore) -> None:
    events = a_year(10)
    await store.count(events)
    totals = await annual(store)
    with pytest.raises(ConnectionResetError):
        await rebuild(store, cut_short(events), grace_seconds=0)
    assert await nothing_is_being_built(store)
    assert await annual(store) == totals


@pytest.mark.parametrize("after_seconds", [0.0, 0.02, 0.3])
async def test_a_rebuild_that_is_cancelled_leaves_nothing_being_built(
    store: ReportingStore, after_seconds: float
) -> None:
    events = a_year(10)
    await store.count(events)
    going = asyncio.create_task(rebuild(store, journal(events, pause_seconds=0.1), grace_seconds=0))
    await asyncio.sleep(after_seconds)
    going.cancel()
    with pytest.raises(asyncio.CancelledError):
        await going
    assert await nothing_is_being_built(store)


async def test_a_recount_that_fails_leaves_nothing_being_built(store: ReportingStore) -> None:
    await store.count(a_year(10))

    def give_up(_: int) -> None:
        raise KeyError

    with pytest.raises(KeyError):
        await recompute(store, progress=give_up, grace_seconds=0)
    assert await nothing_is_being_built(store)
    assert await differences(store) == []


async def test_a_flip_whose_answer_was_lost_may_be_done_again(store: ReportingStore) -> None:
    generation = await store.begin_rebuild()
    await store.flip(generation)
    await store.flip(generation)
    await store.abandon(generation)
    assert (await store.pointer()).current == generation
    assert await nothing_is_being_built(store)


async def test_a_rebuild_that_loses_a_race_goes_on(store: ReportingStore, monkeypatch: pytest.MonkeyPatch) -> None:
    events = a_year(10)
    await store.count(events)
    fill, flip = store.fill, store.flip
    lost: list[Generation] = []

    async def loses_once(generation: Generation, events: Sequence[Event]) -> None:
        if not lost:
            lost.append(generation)
            raise LostRace("another writer was first")
        await fill(generation, events)

    async def unclear_once(generation: Generation) -> None:
        await flip(generation)
        if len(lost) == 1:
            lost.append(generation)
            raise OutcomeUnknown("no answer to the commit")

    monkeypatch.setattr(store, "fill", loses_once)
    monkeypatch.setattr(store, "flip", unclear_once)
    await rebuild(store, journal(events), grace_seconds=0)
    assert len(lost) == 2
    assert await differences(store) == []


async def test_a_second_rebuild_starts_over_after_a_first_that_was_cut_short(store: ReportingStore) -> None:
    events = a_year(30)
    await store.count(events)
    before = await rows(store)
    unfinished = await store.begin_rebuild()
    await store.fill(unfinished, events[:20])
    await rebuild(store, journal(events), grace_seconds=0)
    assert await rows(store) == before
    assert await differences(store) == []
    with pytest.raises(Superseded):
        await store.fill(unfinished, events[20:])
    names = await store._generation_names()
    assert len(names) == 3, names


async def test_recompute_mends_counters_and_says_where_they_were_wrong(store: ReportingStore) -> None:
    events = a_year(60)
    await store.count(events)
    totals = await annual(store)
    counters = store._database[f"counters_{(await store.pointer()).current.counters}"]
    spoilt = {"office": "hatinh", "family": "annual", "scale": "year", "period": "2016"}
    await counters.update_one(spoilt, {"$inc": {"counts.in:locality.03": 5}})
    assert [(each.cell, each.counted - each.expected) for each in await differences(store)] == [("in:locality.03", 5)]
    found = await recompute(store, grace_seconds=0)
    assert [(each.cell, each.counted - each.expected) for each in found] == [("in:locality.03", 5)]
    assert await annual(store) == totals
    assert await differences(store) == []


async def test_recompute_mends_what_a_fact_says_it_contributed(store: ReportingStore) -> None:
    await store.count(a_year(10))
    facts = store._facts((await store.pointer()).current)
    await facts.update_one({"_id": "hatinh-3"}, {"$set": {"counted": ["annual:|2016-03-04|in:other"]}})
    await recompute(store, grace_seconds=0)
    await store.count([received("hatinh-3", MONDAY, version=9)])
    assert await differences(store) == []


async def test_traffic_during_a_recompute_is_counted_once(
    store: ReportingStore, reporting_settings: ReportingSettings
) -> None:
    events = a_year(200)
    await store.count(events[:300])

    async def traffic(live: ReportingStore) -> None:
        for start in range(250, len(events), 8):
            await live.count(events[start : start + 8])

    async with opened(reporting_settings) as live:
        going = asyncio.create_task(traffic(live))
        for _ in range(3):
            await recompute(store, grace_seconds=0)
        await going
    assert await differences(store) == []


async def test_a_fact_that_changes_before_and_after_it_is_recounted_counts_once(store: ReportingStore) -> None:
    await store.count([received("a", MONDAY), received("b", MONDAY)])
    generation = await store.begin_recount()
    await store.count([received("a", MONDAY, version=2, kind=Kind.PETITION), received("new", MONDAY)])
    await store.recount(generation, ["a", "b"])
    await store.count([received("b", MONDAY, version=2, kind=Kind.PETITION), received("newer", MONDAY)])
    await store.flip(generation)
    assert await annual(store) == {"in:petition": 2, "in:locality": 2}
    assert await differences(store) == []
