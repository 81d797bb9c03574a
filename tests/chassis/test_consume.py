"""Batches, poison, bugs and outages, on the real broker."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from pymongo.errors import AutoReconnect, BulkWriteError, OperationFailure

import services.chassis.positions as positions_module
from services.chassis.consume import Consumer
from services.chassis.dead_letters import DeadLetters, DeadLetterStatus
from services.chassis.envelope import Incoming, headers_of
from services.chassis.errors import Halted, LostRace
from services.chassis.foundation import Foundation, lay_foundation
from services.chassis.kafka import Position, client_options, commit_start, group_name, group_positions, topic_name
from services.chassis.positions import Positions
from services.chassis.settings import ChassisSettings
from services.chassis.trace import current_traceparent
from services.events import UnitChanged
from tests.chassis.test_straight_through import unit_changed
from tests.eventually import eventually
from tests.harness import speaker, started

Apply = Callable[[Sequence[Incoming]], Awaitable[None]]


def reading(settings: ChassisSettings, apply: Apply) -> tuple[Foundation, Consumer]:
    foundation = lay_foundation(settings, "reporting")
    return foundation, foundation.add_consumer(("office",), [UnitChanged], apply)


def recording(seen: list[str]) -> Apply:
    async def apply(batch: Sequence[Incoming]) -> None:
        seen.extend(each.event.event_id for each in batch)

    return apply


async def send_raw(settings: ChassisSettings, *records: tuple[bytes, bytes, list[tuple[str, bytes]]]) -> None:
    producer = AIOKafkaProducer(**client_options(settings))
    await producer.start()
    for key, value, headers in records:
        await producer.send_and_wait(topic_name(settings, "office"), value, key=key, headers=headers)
    await producer.stop()


def as_record(event: UnitChanged) -> tuple[bytes, bytes, list[tuple[str, bytes]]]:
    headers = [(name, value.encode()) for name, value in headers_of(event, current_traceparent())]
    return event.key.encode(), event.model_dump_json().encode(), headers


async def caught_up(settings: ChassisSettings) -> bool:
    positions = await group_positions(settings, group_name(settings, "reporting"), ("office",))
    return sum(position.lag for position in positions.values()) == 0


async def test_unreadable_records_become_dead_letters_and_the_others_of_their_batch_flow(
    settings: ChassisSettings,
) -> None:
    seen: list[str] = []
    foundation, _ = reading(settings, recording(seen))
    good = as_record(unit_changed("NC"))
    named = [("ce_type", b"vanthu.unit-changed.v1")]
    poison = [
        (b"k", b"{", named),
        (b"k", b"{}", named),
        (b"k", b"\xff\xfe", [("ce_type", b"\xff\xfe")]),
        (b"k", b"{}", [("ce_type", b"vanthu.never-heard-of.v1")]),
        (b"k", b"", []),
        (b"another", good[1], good[2]),
    ]
    await send_raw(settings, *poison, good)
    async with started(foundation):
        await eventually(lambda: caught_up(settings))
        letters = await foundation.dead_letters.waiting()
        assert seen == ["stp:unit:NC:1"]
        assert len(letters) == len(poison)
        assert {bytes(letter["value"]) for letter in letters} == {value for _, value, _ in poison}
        assert all(letter["cause"] for letter in letters)


async def test_a_bug_on_one_record_costs_only_that_record(settings: ChassisSettings) -> None:
    seen: list[str] = []
    tries: list[str] = []

    async def apply(batch: Sequence[Incoming]) -> None:
        if any(each.event.unit.unit_id == "BAD" for each in batch):
            tries.append("x")
            raise KeyError("secret value")
        seen.extend(each.event.unit.unit_id for each in batch)

    foundation, _ = reading(settings, apply)
    async with speaker(settings, "routing") as routing:
        await routing.say(unit_changed("NC"), unit_changed("BAD"), unit_changed("KT"))
        async with started(foundation):
            letters = await eventually(foundation.dead_letters.waiting)
            await eventually(lambda: asyncio.sleep(0, len(seen) == 2))
    assert sorted(seen) == ["KT", "NC"]
    assert len(letters) == 1
    assert "secret value" not in letters[0]["cause"]
    assert "KeyError" in letters[0]["cause"]
    assert len(tries) >= 3


@pytest.mark.parametrize(
    "failure",
    [
        AutoReconnect("no primary"),
        OperationFailure("no space left on device", 14031),
        BulkWriteError({"writeErrors": [{"code": 8, "errmsg": "28: No space left on device"}]}),
    ],
    ids=["no primary", "disk full", "disk full for a new collection"],
)
async def test_a_dependency_that_is_down_is_waited_for_and_makes_no_dead_letter(
    failure: Exception, settings: ChassisSettings
) -> None:
    seen: list[str] = []
    down = 4

    async def apply(batch: Sequence[Incoming]) -> None:
        nonlocal down
        if down:
            down -= 1
            raise failure
        seen.extend(each.event.event_id for each in batch)

    foundation, _ = reading(settings, apply)
    async with speaker(settings, "routing") as routing, started(foundation):
        await routing.say(unit_changed("NC"))
        await eventually(lambda: asyncio.sleep(0, list(seen)))
        assert seen == ["stp:unit:NC:1"]
        assert await foundation.dead_letters.waiting() == []


async def test_a_replayed_dead_letter_takes_effect_once_it_can(settings: ChassisSettings) -> None:
    seen: list[str] = []
    broken = True

    async def apply(batch: Sequence[Incoming]) -> None:
        if broken:
            raise ValueError
        seen.extend(each.event.event_id for each in batch)

    foundation, _ = reading(settings, apply)
    async with speaker(settings, "routing") as routing, started(foundation):
        await routing.say(unit_changed("NC"))
        (letter,) = await eventually(foundation.dead_letters.waiting)
        broken = False
        assert await foundation.dead_letters.decide(letter["_id"], DeadLetterStatus.REPLAY, "ops")

        async def replayed() -> Any:
            row = await foundation.dead_letters.find(letter["_id"])
            return row and row["status"] == DeadLetterStatus.REPLAYED

        await eventually(replayed)
        assert seen == ["stp:unit:NC:1"]


async def test_too_many_dead_letters_in_a_row_halt_the_consumer_and_say_so(settings: ChassisSettings) -> None:
    limited = settings.model_copy(update={"dead_letters_in_a_row": 3})
    foundation, consumer = reading(limited, recording([]))
    await send_raw(settings, *[(b"k", b"{", [("ce_type", b"vanthu.unit-changed.v1")])] * 5)
    async with started(foundation):
        halted = await eventually(lambda: asyncio.sleep(0, consumer.halted or ""))
        assert "3 dead letters in a row" in halted
        assert not await caught_up(settings)
        assert "halted" in (await consumer.verdict()).detail


async def test_a_group_that_lost_its_position_stops_and_says_how_to_heal(settings: ChassisSettings) -> None:
    """The notes say that the group has read; Kafka knows nothing of it, as after its commits expired."""
    foundation = lay_foundation(settings, "reporting")
    database = foundation.database
    group, topic = group_name(settings, "reporting"), topic_name(settings, "office")
    notes = [{"_id": f"{group}/{topic}/{each}", "group": group} for each in range(settings.kafka_partitions)]
    await database["consumer_positions"].insert_many(notes)
    positions = Positions(settings, database, "reporting", ("office",))
    with pytest.raises(Halted, match="vanthu resend"):
        await positions.settle()
    await positions.forget()
    await positions.settle()
    assert await caught_up(settings)
    foundation.client.close()


async def test_a_group_that_stands_beyond_the_logs_end_stops_and_after_resend_reads_all_of_the_log(
    settings: ChassisSettings,
) -> None:
    """As after a power cut of Kafka: what the group has read is gone, and what is said again fills the same places."""
    foundation = lay_foundation(settings, "reporting")
    positions = Positions(settings, foundation.database, "reporting", ("office",))
    await positions.settle()
    group = group_name(settings, "reporting")
    beyond = dict.fromkeys(await group_positions(settings, group, ("office",)), 5)
    await commit_start(settings, group, beyond)
    with pytest.raises(Halted, match="vanthu resend --service reporting"):
        await positions.settle()
    await positions.forget()
    events = [unit_changed(f"U{number}") for number in range(30)]
    await send_raw(settings, *(as_record(each) for each in events))
    await positions.settle()
    found = await group_positions(settings, group, ("office",))
    assert {each.committed for each in found.values()} == {0}
    foundation.client.close()


async def test_a_coordinator_that_still_loads_is_asked_again_before_a_position_counts_as_lost(
    settings: ChassisSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    foundation = lay_foundation(settings, "reporting")
    mended = Positions(settings, foundation.database, "reporting", ("office",))
    await mended.settle()
    asked: list[str] = []

    async def loading(*arguments: Any) -> dict[Any, Position]:
        asked.append("once more")
        found = await group_positions(*arguments)
        return {each: replace(at, committed=None) for each, at in found.items()} if len(asked) == 1 else found

    monkeypatch.setattr(positions_module, "group_positions", loading)
    monkeypatch.setattr(positions_module, "SECOND_LOOK_SECONDS", 0.0)
    await mended.settle()
    assert len(asked) == 2
    foundation.client.close()


async def test_what_was_not_committed_comes_again_after_a_crash(settings: ChassisSettings) -> None:
    seen: list[str] = []

    async def hang(batch: Sequence[Incoming]) -> None:
        seen.extend(each.event.event_id for each in batch)
        await asyncio.sleep(3600)

    foundation, consumer = reading(settings, hang)
    async with speaker(settings, "routing") as routing:
        await routing.say(unit_changed("NC"))
        await foundation.prepare()
        await consumer.start()
        await eventually(lambda: asyncio.sleep(0, list(seen)))
        assert consumer.subscriber.consumer is not None
        await consumer.subscriber.consumer.stop()  # leaves without a commit
        for task in consumer._tasks:
            task.cancel()
        foundation.client.close()
        again, _ = reading(settings, recording(seen))
        async with started(again):
            await eventually(lambda: caught_up(settings))
    assert seen == ["stp:unit:NC:1", "stp:unit:NC:1"]


async def test_a_batch_that_cannot_even_be_set_aside_is_held_and_never_passed_over(
    settings: ChassisSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []

    async def apply(batch: Sequence[Incoming]) -> None:
        raise ValueError

    async def keep(self: DeadLetters, record: object, error: BaseException) -> bool:
        raise RuntimeError("nobody foresaw this")

    monkeypatch.setattr(DeadLetters, "keep", keep)
    foundation, consumer = reading(settings, apply)
    async with speaker(settings, "routing") as routing:
        async with started(foundation):
            await routing.say(unit_changed("NC"))
            halted = await eventually(lambda: asyncio.sleep(0, consumer.halted or ""))
            assert "RuntimeError" in halted
            await routing.say(unit_changed("KT"))
            await asyncio.sleep(1)
        monkeypatch.undo()
        again, _ = reading(settings, recording(seen))
        async with started(again):
            await eventually(lambda: asyncio.sleep(0, len(seen) == 2))
    assert sorted(seen) == ["stp:unit:KT:1", "stp:unit:NC:1"]


async def test_a_race_that_is_lost_every_time_costs_only_its_record(settings: ChassisSettings) -> None:
    seen: list[str] = []

    async def apply(batch: Sequence[Incoming]) -> None:
        if any(each.event.unit.unit_id == "TAKEN" for each in batch):
            raise LostRace("the journal has this version already")
        seen.extend(each.event.unit.unit_id for each in batch)

    foundation, _ = reading(settings, apply)
    async with speaker(settings, "routing") as routing:
        await routing.say(unit_changed("NC"), unit_changed("TAKEN"), unit_changed("KT"))
        async with started(foundation):
            (letter,) = await eventually(foundation.dead_letters.waiting)
            await eventually(lambda: asyncio.sleep(0, len(seen) == 2))
    assert sorted(seen) == ["KT", "NC"]
    assert letter["cause"].startswith("LostRace")


async def test_a_race_that_is_lost_once_is_run_again_as_a_whole(settings: ChassisSettings) -> None:
    seen: list[str] = []
    lost = 2

    async def apply(batch: Sequence[Incoming]) -> None:
        nonlocal lost
        if lost:
            lost -= 1
            raise LostRace("another replica was first")
        seen.extend(each.event.event_id for each in batch)

    foundation, _ = reading(settings, apply)
    async with speaker(settings, "routing") as routing, started(foundation):
        await routing.say(unit_changed("NC"))
        await eventually(lambda: asyncio.sleep(0, list(seen)))
        assert await foundation.dead_letters.waiting() == []


async def test_after_a_halt_the_letters_that_are_known_do_not_halt_it_again(settings: ChassisSettings) -> None:
    limited = settings.model_copy(update={"dead_letters_in_a_row": 3})
    await send_raw(settings, *[(b"k", b"{", [("ce_type", b"vanthu.unit-changed.v1")])] * 3)
    foundation, consumer = reading(limited, recording([]))
    async with started(foundation):
        await eventually(lambda: asyncio.sleep(0, consumer.halted))
        for letter in await foundation.dead_letters.waiting():
            await foundation.dead_letters.decide(letter["_id"], DeadLetterStatus.DISCARDED, "ops")
    again, second = reading(limited, recording([]))
    async with started(again):
        await eventually(lambda: caught_up(settings))
        assert second.halted is None
        assert await again.dead_letters.waiting() == []


async def test_bad_records_among_good_ones_are_not_in_a_row(settings: ChassisSettings) -> None:
    limited = settings.model_copy(update={"dead_letters_in_a_row": 3, "kafka_partitions": settings.kafka_partitions})
    bad = (b"stp:unit:NC", b"{", [("ce_type", b"vanthu.unit-changed.v1")])
    good = as_record(unit_changed("NC"))
    await send_raw(settings, bad, bad, good, bad, bad, good)
    foundation, consumer = reading(limited, recording([]))
    async with started(foundation):
        await eventually(lambda: caught_up(settings))
        assert consumer.halted is None
        assert len(await foundation.dead_letters.waiting()) == 4
