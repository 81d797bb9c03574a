"""The relay: in order per key, once acknowledged, past what Kafka refuses, and through outages."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer
from hypothesis import given
from hypothesis import strategies as st

from services.chassis import relay
from services.chassis.envelope import MAX_EVENT_BYTES
from services.chassis.foundation import Foundation, lay_foundation
from services.chassis.journal import EventTooLarge, in_waves, row_of
from services.chassis.kafka import client_options, create_topics, topic_name
from services.chassis.lease import Lease
from services.chassis.settings import ChassisSettings
from services.chassis.trace import current_traceparent, follow
from services.events import UnitState
from tests.chassis.test_straight_through import unit_changed
from tests.eventually import eventually
from tests.harness import speaker, started


async def everything_sent(foundation: Foundation) -> bool:
    return await foundation.journal.rows.count_documents({"unsent": True}) == 0


async def all_records(settings: ChassisSettings, topic: str, least: int) -> list[Any]:
    consumer = AIOKafkaConsumer(
        topic_name(settings, topic), **client_options(settings), auto_offset_reset="earliest", enable_auto_commit=False
    )
    await consumer.start()
    records: list[Any] = []
    try:
        while len(records) < least:
            for batch in (await consumer.getmany(timeout_ms=1000)).values():
                records += batch
    finally:
        await consumer.stop()
    return records


async def test_a_record_is_a_cloudevent_in_binary_mode_that_keeps_its_cause_trace(settings: ChassisSettings) -> None:
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    follow(trace)
    async with speaker(settings, "routing") as routing:
        await routing.say(unit_changed("NC"))
        (record,) = await all_records(settings, "office", 1)
    follow(None)
    headers = {name: value.decode() for name, value in record.headers}
    assert record.key == b"stp:unit:NC"
    assert headers["ce_specversion"] == "1.0"
    assert headers["ce_id"] == "stp:unit:NC:1"
    assert headers["ce_type"] == "vanthu.unit-changed.v1"
    assert headers["ce_source"] == "/vanthu/routing"
    assert headers["ce_subject"] == "stp:unit:NC"
    assert headers["traceparent"] == trace
    assert headers["content-type"] == "application/json"


async def test_a_commit_wakes_the_relay_long_before_its_poll(settings: ChassisSettings) -> None:
    slow = settings.model_copy(update={"relay_poll_seconds": 30.0})
    async with speaker(slow, "routing") as routing:
        await asyncio.sleep(0.5)
        await routing.say(unit_changed("NC"))
        await eventually(lambda: everything_sent(routing.foundation), seconds=5)


async def test_rows_are_kept_after_kafka_has_them(settings: ChassisSettings) -> None:
    async with speaker(settings, "routing") as routing:
        await routing.say(unit_changed("NC"))
        await eventually(lambda: everything_sent(routing.foundation))
        (row,) = await routing.foundation.journal.rows.find().to_list(None)
        assert row["sent_at"]


async def test_a_row_that_kafka_refuses_holds_back_its_key_and_no_other(settings: ChassisSettings) -> None:
    async with speaker(settings, "routing") as routing:
        rows = routing.foundation.journal.rows
        refused = row_of(unit_changed("NC", 1), current_traceparent()) | {"value": "x" * (2 * 1024 * 1024)}
        later = row_of(unit_changed("NC", 2), current_traceparent())
        await rows.insert_many([refused, later])
        await routing.say(unit_changed("KT"))

        async def only_the_key_waits() -> bool:
            waiting = {row["_id"] async for row in rows.find({"unsent": True})}
            return waiting == {refused["_id"], later["_id"]} and bool(await rows.find_one({"stuck": {"$exists": True}}))

        await eventually(only_the_key_waits)
        await routing.say(unit_changed("TH"))
        records = await all_records(settings, "office", 2)
        assert {record.key for record in records} == {b"stp:unit:KT", b"stp:unit:TH"}


async def test_a_topic_that_is_not_there_holds_up_only_its_own_events_until_it_is_there(
    settings: ChassisSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with speaker(settings, "routing") as routing:
        rows = routing.foundation.journal.rows
        nowhere = [
            row_of(unit_changed(unit), current_traceparent()) | {"topic": "nowhere"} for unit in ("A", "B", "C", "D")
        ]
        await rows.insert_many(nowhere)
        await routing.say(unit_changed("KT"))
        await asyncio.wait_for(all_records(settings, "office", 1), 20)

        async def only_they_are_stuck() -> bool:
            waiting = {row["_id"]: row.get("stuck", "") async for row in rows.find({"unsent": True})}
            return set(waiting) == {row["_id"] for row in nowhere} and all(map(len, waiting.values()))

        await eventually(only_they_are_stuck)
        await routing.say(unit_changed("TH"))
        await asyncio.wait_for(all_records(settings, "office", 2), 3)
        monkeypatch.setattr(relay, "STUCK_RETRY_SECONDS", 0.2)
        await create_topics(settings, ("nowhere",))
        await eventually(lambda: everything_sent(routing.foundation))
        assert await rows.count_documents({"stuck": {"$exists": True}}) == 0


async def test_a_relay_that_loses_its_cancellation_to_a_client_stops_all_the_same(
    settings: ChassisSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    swallowed = asyncio.Event()

    async def swallowing(self: relay.Relay) -> int:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            swallowed.set()
        return 0

    monkeypatch.setattr(relay.Relay, "_pass", swallowing)
    async with asyncio.timeout(20):
        async with speaker(settings, "routing"):
            await asyncio.sleep(0.2)
    assert swallowed.is_set()


async def test_events_wait_while_kafka_is_away_and_flow_in_order_when_it_is_back(settings: ChassisSettings) -> None:
    away = settings.model_copy(update={"kafka_bootstrap": "127.0.0.1:1"})
    async with speaker(away, "routing") as routing:
        await routing.say(*(unit_changed("NC", version) for version in range(1, 4)))
        await asyncio.sleep(0.3)
        assert not await everything_sent(routing.foundation)
    async with speaker(settings, "routing") as routing:
        await eventually(lambda: everything_sent(routing.foundation))
        records = await all_records(settings, "office", 3)
    assert [b'"version":%d,' % version in record.value for version, record in enumerate(records, 1)] == [True] * 3


async def test_an_event_too_large_for_kafka_is_refused_before_anything_stands(settings: ChassisSettings) -> None:
    foundation = lay_foundation(settings, "routing")
    large = unit_changed("NC").model_copy(update={"unit": UnitState(unit_id="NC", name="x" * MAX_EVENT_BYTES)})
    async with started(foundation):
        try:
            await foundation.journal.transact(
                lambda session: foundation.journal.append([unit_changed("KT"), large], session)
            )
        except EventTooLarge:
            assert await foundation.journal.rows.count_documents({}) == 0
        else:
            raise AssertionError("must not be accepted")


async def test_only_one_of_two_relays_holds_the_lease_until_it_lets_go(settings: ChassisSettings) -> None:
    foundation = lay_foundation(settings, "routing")
    first = Lease(foundation.database, "relay", "first", 0.6)
    second = Lease(foundation.database, "relay", "second", 0.6)
    async with started(foundation):
        assert await first.hold()
        assert not await second.hold()
        await asyncio.sleep(0.8)
        assert await second.hold()
        assert not await Lease(foundation.database, "relay", "first", 0.6).hold()
        await second.release()
        assert await first.hold()


async def test_a_lease_that_was_taken_by_a_clock_that_ran_ahead_is_not_waited_for(settings: ChassisSettings) -> None:
    foundation = lay_foundation(settings, "routing")
    async with started(foundation):
        assert await Lease(foundation.database, "relay", "dead", 5).hold()
        ahead = [{"$set": {"until": {"$add": ["$until", 24 * 3600 * 1000]}}}]
        await foundation.database["leases"].update_one({"_id": "relay"}, ahead)
        assert await Lease(foundation.database, "relay", "alive", 5).hold()


@given(st.lists(st.sampled_from("abcd"), max_size=30))
def test_no_wave_holds_a_key_twice_and_waves_keep_each_keys_order(keys: Sequence[str]) -> None:
    rows = [{"key": key, "n": n} for n, key in enumerate(keys)]
    waves = in_waves(rows)
    assert all(len({row["key"] for row in wave}) == len(wave) for wave in waves)
    flat = [row for wave in waves for row in wave]
    for key in set(keys):
        assert [row["n"] for row in flat if row["key"] == key] == [row["n"] for row in rows if row["key"] == key]
    assert len(flat) == len(rows)
