"""Batches of mixed events on real MongoDB: counters are always what the facts add up to."""

import asyncio
import random
from datetime import date, timedelta

import pytest
from pymongo import InsertOne

from services.chassis.errors import InvalidRecord, LostRace
from services.chassis.mongo import Session
from services.events import AssignmentStatus, Direction, Event, IssuerLevel, Kind
from services.policy import Viewer
from services.reporting.app import opened
from services.reporting.listing import FactQuery
from services.reporting.rebuild import differences
from services.reporting.settings import ReportingSettings
from services.reporting.store import ReportingStore, _write
from services.reporting.window import Window
from tests.offices import HA_TINH, NGHE_AN
from tests.reporting.saying import assigned, completed, described, issued, noticed, period_counted, received, voided

YEAR = Window(date(2016, 1, 1), date(2016, 12, 31))
MONDAY = date(2016, 3, 7)


def a_year(documents: int, office: str = HA_TINH) -> list[Event]:
    """Documents with all that can happen to them, in order."""
    choose = random.Random(documents)
    events: list[Event] = []
    for index in range(documents):
        id, on = f"{office}-{index}", date(2016, 1, 4) + timedelta(days=choose.randrange(340))
        due = on + timedelta(days=choose.randrange(1, 30)) if index % 3 else None
        unit, person = choose.choice([("NC", "hoa"), ("NC", "lan"), ("KT", "minh")])
        if index % 5 == 0:
            events.append(issued(id, on, office=office, kind=Kind.QUYET_DINH, number=index))
            continue
        level = choose.choice(list(IssuerLevel))
        events += [
            received(id, on, office=office, number=index, issuer_level=level),
            assigned(id, unit, person, office=office, due_on=due),
            noticed(id, office=office),
        ]
        if index % 2:
            done = on + timedelta(days=choose.randrange(40))
            events.append(completed(id, unit, person, done, office=office, due_on=due))
        if index % 11 == 0:
            events.append(voided(id, on, office=office, number=index))
        elif index % 7 == 0:
            events.append(described(id, on, office=office, number=index, kind=Kind.PETITION))
    return events


async def annual(store: ReportingStore, office: str = HA_TINH, window: Window = YEAR) -> dict[str, int]:
    sums = await store.sums(office, "annual", window, since_ever=False)
    return {field: until - before for field, (before, until) in sums.get("", {}).items() if until != before}


async def test_duplicates_shuffles_and_replays_change_nothing(store: ReportingStore) -> None:
    events = a_year(120)
    await store.count(events)
    expected, once = await annual(store), [row async for row in store.facts_by_id()]
    shuffled = events * 2
    random.Random(7).shuffle(shuffled)
    for start in range(0, len(shuffled), 100):
        await store.count(shuffled[start : start + 100])
    assert await annual(store) == expected
    assert [row async for row in store.facts_by_id()] == once
    assert await differences(store) == []


async def test_any_order_of_arrival_gives_the_same_facts_and_counters(
    store: ReportingStore, reporting_settings: ReportingSettings
) -> None:
    events = a_year(100)
    random.Random(3).shuffle(events)
    for start in range(0, len(events), 30):
        await store.count(events[start : start + 30])
    apart = reporting_settings.model_copy(
        update={"mongo_database_prefix": reporting_settings.mongo_database_prefix + "b"}
    )
    async with opened(apart) as other:
        await other.count(a_year(100))
        assert [row async for row in other.facts_by_id()] == [row async for row in store.facts_by_id()]
        assert await annual(other) == await annual(store)
    assert await differences(store) == []


async def test_a_voided_document_leaves_the_totals_and_keeps_its_fact(store: ReportingStore) -> None:
    await store.count([received("a", MONDAY), assigned("a", "NC", "hoa"), received("b", MONDAY)])
    assert await annual(store) == {"in:locality": 2}
    await store.count([voided("a", MONDAY)])
    assert await annual(store) == {"in:locality": 1}
    assert (await store.fact(HA_TINH, "a") or {})["counts"] is False
    assert (await store.sums(HA_TINH, "unit", YEAR, since_ever=True))["NC"]["new"] == (0, 0)


async def test_a_document_counts_only_once_intake_has_spoken(store: ReportingStore) -> None:
    await store.count([assigned("a", "NC", "hoa"), noticed("a")])
    assert await annual(store) == {}
    await store.count([received("a", MONDAY)])
    assert await annual(store) == {"in:locality": 1}
    assert (await store.sums(HA_TINH, "person", YEAR, since_ever=True))["hoa"]["new"] == (0, 1)


async def test_a_returned_document_belongs_to_nobody_until_it_is_assigned_again(store: ReportingStore) -> None:
    await store.count([received("a", MONDAY), assigned("a", "NC", "hoa")])
    await store.count([assigned("a", "NC", "hoa", version=2, status=AssignmentStatus.RETURNED)])
    sums = await store.sums(HA_TINH, "unit", YEAR, since_ever=True)
    assert sums["unassigned"]["new"] == (0, 1)
    assert sums["NC"]["new"] == (0, 0)


async def test_two_offices_are_counted_apart(store: ReportingStore) -> None:
    await store.count(
        [received("a", MONDAY), received("b", MONDAY, office=NGHE_AN), received("c", MONDAY, office=NGHE_AN)]
    )
    assert await annual(store) == {"in:locality": 1}
    assert await annual(store, NGHE_AN) == {"in:locality": 2}
    viewer = Viewer(NGHE_AN, "clerk", frozenset({"clerk"}))
    listed = await store.facts(FactQuery(YEAR), viewer, None, 10)
    assert [row["_id"] for row in listed] == ["b", "c"]
    assert await store.fact(NGHE_AN, "a") is None


async def test_an_event_of_another_office_about_a_known_document_is_refused(store: ReportingStore) -> None:
    await store.count([received("a", MONDAY)])
    with pytest.raises(InvalidRecord):
        await store.count([received("a", MONDAY, office=NGHE_AN, version=2)])
    assert await annual(store, NGHE_AN) == {}


async def test_a_corrected_period_count_replaces_the_first(store: ReportingStore) -> None:
    first, last = date(2016, 1, 1), date(2016, 6, 30)
    newer = period_counted("p", Direction.INCOMING, first, last, 460, version=2)
    await store.count([newer, period_counted("p", Direction.INCOMING, first, last, 400)])
    await store.count([period_counted("p", Direction.INCOMING, first, last, 400)])
    assert [each.count for each in await store.period_counts(HA_TINH, YEAR)] == [460]


async def test_replicas_that_count_at_once_lose_nothing(
    store: ReportingStore, reporting_settings: ReportingSettings
) -> None:
    events = a_year(300)
    same_lane = reporting_settings  # the same instance name: the worst case
    async with opened(same_lane) as other:
        await asyncio.gather(
            *(each.count(events[start : start + 60]) for start in range(0, len(events), 60) for each in (store, other))
        )
    assert await differences(store) == []
    assert sum((await annual(store)).values()) == len([1 async for row in store.facts_by_id() if row["counts"]])


async def test_a_row_that_another_writer_made_first_is_a_lost_race(store: ReportingStore) -> None:
    await store.count([received("a", MONDAY)])

    async def late(session: Session) -> None:
        await _write(store._facts((await store.pointer()).current), [InsertOne({"_id": "a"})], session)

    with pytest.raises(LostRace):
        await store._transactions.run(late)


async def test_freshness_is_the_newest_event_that_took_effect(store: ReportingStore) -> None:
    assert await store.freshness() is None
    event = received("a", MONDAY)
    await store.count([event])
    assert await store.freshness() == event.recorded_at
