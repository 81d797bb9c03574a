"""Batches against the real database: all or nothing, once each, and constant in queries."""

import asyncio
import random
from datetime import UTC, datetime

import pytest
from pymongo import monitoring

from services.chassis import mongo
from services.chassis.errors import LostRace, Unavailable
from services.chassis.settings import ChassisSettings
from services.events import (
    AssignmentNotPossible,
    AssignmentReturned,
    AssignmentWithdrawn,
    DocumentDescribed,
    DocumentState,
    PersonChanged,
    PersonState,
)
from tests.notify.desk import desk
from tests.notify.facts import CANARY, incident, said
from tests.offices import HA_TINH, NGHE_AN


async def test_duplicates_shuffles_and_replays_leave_one_row_per_document_person_and_event(
    settings: ChassisSettings,
) -> None:
    story = [
        event
        for number in range(40)
        for event in (
            said(document_id=f"d{number}", coordinators=("minh",)),
            said(document_id=f"d{number}", version=2, lead="lan", coordinators=("minh",)),
            said(AssignmentWithdrawn, f"d{number}", 3, lead="lan", coordinators=("minh",)),
        )
    ]
    async with desk(settings) as notify:
        shuffled = random.Random(7).sample([*story, *story], 2 * len(story))
        await notify.hear(*shuffled)
        await notify.hear(*story)
        for event in story[:6]:
            await notify.hear(event)
        rows = await notify.notices()
        assert len(rows) == len({(row["document_id"], row["person_id"], row["cause"]) for row in rows}) == 40 * 7
        assert await notify.told("d3") == {
            "awaits_you": {"hoa", "lan"},
            "co_ordinate": {"minh"},
            "changed": {"minh"},
            "went_elsewhere": {"hoa"},
            "withdrawn": {"lan", "minh"},
        }
        assert len(await notify.journal()) == 40 * 3


async def test_two_replicas_with_the_same_events_tell_once(settings: ChassisSettings) -> None:
    story = [said(document_id=f"d{number}", version=version) for number in range(20) for version in (1, 2)]

    async def insist(notify: object) -> None:
        for _ in range(20):
            try:
                await notify.hear(*story)  # type: ignore[attr-defined]
                return
            except (LostRace, Unavailable):
                await asyncio.sleep(0.01)
        raise AssertionError("never got through")

    async with desk(settings) as one, desk(settings, offices=False) as other:
        await asyncio.gather(insist(one), insist(other))
        assert len(await one.notices()) == 40
        assert len(await one.journal()) == 40


async def test_an_event_that_was_already_said_is_a_lost_race_and_nothing_else_stands(settings: ChassisSettings) -> None:
    async with desk(settings) as notify:
        await notify.hear(said())
        (said_before,) = await notify.journal()
        await notify.store.ledgers.delete_one({"_id": "d1"})
        await notify.store.notices.delete_many({})
        with pytest.raises(LostRace):
            await notify.hear(said())
        assert (await notify.notices(), await notify.journal()) == ([], [said_before])


async def test_a_unit_head_whom_the_document_concerns_is_not_told_of_it(settings: ChassisSettings) -> None:
    async with desk(settings) as notify:
        await notify.hear(
            said(coordinators=(None,), conflicted=("head-kt",)),
            said(AssignmentReturned, version=2, coordinators=(None,), conflicted=("head-kt", "clerk")),
            said(document_id="d2", coordinators=(None,)),
        )
        assert await notify.told("d1") == {"awaits_you": {"hoa"}, "returned": {"hoa"}}
        assert (await notify.told("d2"))["co_ordinate"] == {"head-kt"}


async def test_a_restricted_document_on_the_list_is_no_business_of_the_clerks(settings: ChassisSettings) -> None:
    async with desk(settings) as notify:
        await notify.hear(
            said(AssignmentNotPossible, lead=None, restricted=True, subject=None, deciding="leader"),
            said(AssignmentNotPossible, "d2", lead=None, restricted=True, subject=None),
        )
        assert await notify.told("d1") == {"not_possible": {"leader", "security"}}
        assert await notify.told("d2") == {"not_possible": {"security"}}


async def test_offices_do_not_see_each_other(settings: ChassisSettings) -> None:
    async with desk(settings) as notify:
        await notify.hear(said(AssignmentNotPossible, "d1"), said(AssignmentReturned, "d2", office=NGHE_AN))
        assert {(row["office"], row["person_id"]) for row in await notify.notices(document_id="d1")} == {
            (HA_TINH, "clerk")
        }
        assert {row["office"] for row in await notify.notices(document_id="d2")} == {NGHE_AN}
        assert [each.office async for each in notify.store.told(HA_TINH)] == [HA_TINH]
        assert await notify.store.count(NGHE_AN) == len(await notify.notices(office=NGHE_AN)) > 0


async def test_who_has_been_told_is_read_from_the_inbox_rows(settings: ChassisSettings) -> None:
    async with desk(settings) as notify:
        await notify.hear(said(coordinators=("minh",)), said(version=2, lead="lan"), said(document_id="d2"))
        told = {each.document_id: each.people_by_cause async for each in notify.store.told()}
        assert told == {"d1": {"d1:1": {"hoa", "minh"}, "d1:2": {"hoa", "lan"}}, "d2": {"d2:1": {"hoa"}}}


async def test_clerks_and_officers_who_are_heard_of_later_are_told_then(settings: ChassisSettings) -> None:
    clerk = PersonState(person_id="new-clerk", name="x", unit_id="TH", roles=("clerk", "security_officer"))
    event = PersonChanged(
        office=HA_TINH, key="hatinh:person:new-clerk", version=1, recorded_at=datetime.now(UTC), person=clerk
    )
    async with desk(settings, offices=False) as notify:
        await notify.hear(said(AssignmentNotPossible), incident())
        assert await notify.notices() == []
        await notify.hear(event)
        await notify.hear(event)
        assert {(row["document_id"], row["person_id"]) for row in await notify.notices()} == {
            ("d1", "new-clerk"),
            ("incident-1", "new-clerk"),
        }
        assert await notify.store.untold.count_documents({}) == 0


async def test_an_incident_says_nothing_but_where_and_when(settings: ChassisSettings) -> None:
    async with desk(settings) as notify:
        await notify.hear(incident())
        rows = await notify.notices()
        assert [(row["person_id"], row["about"]["device"]) for row in rows] == [("security", "scanner-1")]
        assert "subject" not in rows[0]["about"]


async def test_a_document_that_turns_restricted_loses_its_subject_in_every_inbox(settings: ChassisSettings) -> None:
    now = datetime.now(UTC)
    document = DocumentState(
        document_id="d1", direction="incoming", book="incoming", year=2026, number=123, received_at=now,
        status="registered", kind="cong_van", arrived_on=now.date(), restricted=True,
    )  # fmt: skip
    described = DocumentDescribed(
        office=HA_TINH, key="d1", version=2, recorded_at=now, document=document, changed=("restricted",)
    )
    async with desk(settings) as notify:
        await notify.hear(said(subject=CANARY, note=CANARY))
        assert CANARY in repr(await notify.notices())
        await notify.hear(described)
        await notify.hear(said(version=2, lead="lan", subject=CANARY))
        assert len(await notify.notices()) == 3
        assert CANARY not in repr(await notify.notices())
        assert CANARY not in repr(await notify.store.ledgers.find().to_list(None))


class Counting(monitoring.CommandListener):
    def __init__(self) -> None:
        self.commands: list[str] = []

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        self.commands.append(event.command_name)

    def succeeded(self, event: object) -> None: ...
    def failed(self, event: object) -> None: ...


async def test_a_batch_takes_as_many_queries_as_one_event(
    settings: ChassisSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    counting = Counting()
    monkeypatch.setitem(mongo.DURABLE, "event_listeners", [counting])
    async with desk(settings) as notify:

        async def cost(*numbers: int) -> int:
            counting.commands.clear()
            await notify.hear(*(said(AssignmentReturned, f"d{number}", coordinators=("minh",)) for number in numbers))
            return len(counting.commands)

        assert await cost(0) == await cost(*range(1, 300)) <= 9
