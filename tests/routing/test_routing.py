"""routing on real Kafka and MongoDB: documents heard, assignments said, whatever the order of delivery."""

import asyncio
import random
from collections import Counter
from datetime import UTC, datetime
from typing import Any

import pytest

from services.chassis.errors import InvalidRecord, LostRace, Unavailable
from services.chassis.foundation import Foundation, lay_foundation
from services.chassis.settings import ChassisSettings
from services.events import AssignmentEvent, AssignmentStatus, DocumentIssued, PeriodCounted, PeriodCountState
from services.policy import Viewer
from services.routing.app import HEARS, build, opened_office
from services.routing.assignment import Told
from services.routing.handlers import Handlers
from services.routing.office_store import OfficeStore
from services.routing.settings import RoutingSettings
from services.routing.settling import Change, newest
from services.routing.store import Store
from services.routing.views import Views
from services.routing.workload import recomputed
from tests.eventually import eventually
from tests.harness import running, speaker
from tests.offices import HA_TINH, NGHE_AN
from tests.routing.small_office import ARRIVED, NOW, described, document, load_office, office, received, voided


def routing(settings: ChassisSettings) -> RoutingSettings:
    return RoutingSettings(**settings.model_dump(), routing_office_check_seconds=0.05)


async def rows_of(foundation: Foundation) -> dict[str, dict[str, Any]]:
    return {row["_id"]: row async for row in Store(foundation.database).by_document()}


async def said(foundation: Foundation, key: str) -> list[dict[str, Any]]:
    return [row async for row in foundation.journal.read(topic="assignments", key=key)]


async def test_a_received_document_is_assigned_and_said_so(settings: ChassisSettings) -> None:
    await load_office(settings, office(HA_TINH), office(NGHE_AN))
    look = lay_foundation(settings, "routing")
    async with speaker(settings, "intake") as intake, running(build(routing(settings))):
        issued = document("out", direction="outgoing", kind="cong_van")
        count = PeriodCountState(
            count_id="c", direction="incoming", category="secret", first_day=ARRIVED, last_day=ARRIVED, count=3,
            entered_by="clerk",
        )  # fmt: skip
        await intake.say(
            received("a"),
            received("b", office=NGHE_AN, kind="cong_van", symbol="9/UBND-KT"),
            received("c", office="nowhere"),
            DocumentIssued(office=HA_TINH, key="out", version=1, recorded_at=NOW, document=issued),
            PeriodCounted(office=HA_TINH, key="count", version=1, recorded_at=NOW, period_count=count),
            voided("v", version=2),
        )

        async def all_there() -> bool:
            return len(await rows_of(look)) == 4

        await eventually(all_there)
        rows = await rows_of(look)
        assert {id: row["lead_person_id"] for id, row in rows.items()} == {
            "a": "hoa", "b": "minh", "c": None, "v": None,
        }  # fmt: skip
        assert rows["b"]["office"] == NGHE_AN
        assert {id: row["status"] for id, row in rows.items()} == {
            "a": "assigned", "b": "assigned", "c": "unassigned", "v": "withdrawn",
        }  # fmt: skip
        (event,) = await said(look, "a")
        assert event["type"] == "vanthu.document-assigned.v1"
        assert await look.dead_letters.waiting() == []

        async def all_sent() -> bool:
            return await look.journal.rows.count_documents({"unsent": True}) == 0

        await eventually(all_sent)
    look.client.close()


class Taking:
    """The handler without a consumer, fed with batches as the test wants them."""

    def __init__(self, settings: ChassisSettings) -> None:
        self.foundation = lay_foundation(settings, "routing")
        self.store = Store(self.foundation.database)
        views = Views(_offices(self.foundation), 60)
        self.handlers = Handlers(self.store, views, self.foundation.journal, self.foundation.erasures, settings.zone)

    async def take(self, *events: Any) -> None:
        await self.handlers.hear([_Incoming(each) for each in events])  # type: ignore[misc]


class _Incoming:
    def __init__(self, event: Any) -> None:
        self.event = event


def _offices(foundation: Foundation) -> OfficeStore:
    return OfficeStore(foundation.database, foundation.journal, foundation.copies)


def life(number: int) -> list[Any]:
    id, home = f"d{number:04d}", (HA_TINH, NGHE_AN)[number % 2]
    lives: list[list[Any]] = [
        [received(id, office=home)],
        [received(id, office=home), described(id, office=home, arrived_on=NOW.date())],
        [received(id, office=home), described(id, office=home, subject="khác"), voided(id, 3, office=home)],
        [received(id, office=home), voided(id, office=home)],
        [received(id, office=home, restricted=True, subject=None)],
    ]
    return lives[number % len(lives)]


@pytest.mark.parametrize("seed", [1, 2])
async def test_batches_of_500_shuffled_and_doubled_end_the_same(settings: ChassisSettings, seed: int) -> None:
    await load_office(settings, office(HA_TINH), office(NGHE_AN))
    taking = Taking(settings)
    await taking.foundation.prepare()
    await taking.store.prepare()
    documents = 600
    events = [event for number in range(documents) for event in life(number)]
    events += random.Random(seed).sample(events, 200)
    random.Random(seed).shuffle(events)
    for start in range(0, len(events), 500):
        await taking.take(*events[start : start + 500])
    await taking.take(*events[:500])
    rows = await rows_of(taking.foundation)
    assert Counter(row["status"] for row in rows.values()) == {"assigned": 360, "withdrawn": 240}
    for home in (HA_TINH, NGHE_AN):
        kept = taking.foundation.database["loads"].find({"office": home})
        loads = {row["person_id"]: (row["open"], row["total"]) async for row in kept if row["total"]}
        assert loads == recomputed([state async for state in taking.store.states(home)])
        assert max(each[0] for each in loads.values()) - min(each[0] for each in loads.values()) <= 60
    counted = await taking.foundation.journal.rows.count_documents({"topic": "assignments"})
    assert counted == sum(row["version"] for row in rows.values())
    taking.foundation.client.close()


async def test_two_replicas_that_decide_at_once_never_say_two_versions(settings: ChassisSettings) -> None:
    await load_office(settings, office(HA_TINH))
    replicas = [Taking(settings) for _ in range(3)]
    await replicas[0].foundation.prepare()
    await replicas[0].store.prepare()
    events = [received(f"d{number}") for number in range(40)]

    async def until_done(replica: Taking) -> None:
        for _ in range(50):
            try:
                return await replica.take(*events)
            except (LostRace, Unavailable):
                await asyncio.sleep(0.01)
        raise AssertionError("never got through")

    await asyncio.gather(*map(until_done, replicas))
    rows = await rows_of(replicas[0].foundation)
    assert {row["version"] for row in rows.values()} == {1}
    assert len(rows) == 40
    loads = replicas[0].foundation.database["loads"].find({})
    assert sum([row["open"] async for row in loads]) == 40
    for each in replicas:
        each.foundation.client.close()


async def test_an_event_that_was_already_said_is_a_lost_race_and_nothing_else_stands(settings: ChassisSettings) -> None:
    await load_office(settings, office(HA_TINH))
    taking = Taking(settings)
    await taking.foundation.prepare()
    await taking.take(received("a"))
    await taking.foundation.database["assignments"].delete_many({})
    with pytest.raises(LostRace):
        await taking.take(received("a"))
    assert await rows_of(taking.foundation) == {}
    taking.foundation.client.close()


@pytest.mark.parametrize("moved", [{"version": 7}, {"source_version": 7}, {"source_epoch": 7}])
async def test_an_assignment_that_moved_on_since_it_was_read_is_a_lost_race(
    settings: ChassisSettings, moved: dict[str, int]
) -> None:
    taking = Taking(settings)
    await taking.foundation.prepare()
    await taking.take(received("a"))
    kept = await taking.store.visible(Viewer(HA_TINH, "clerk", frozenset({"clerk"})), "a")
    assert kept is not None
    gone = Change(kept.model_copy(update=moved), kept, None)
    with pytest.raises(LostRace):
        await taking.foundation.journal.transact(lambda session: taking.store.keep([gone], session))
    taking.foundation.client.close()


async def test_an_id_of_another_office_is_refused_and_changes_nothing(settings: ChassisSettings) -> None:
    await load_office(settings, office(HA_TINH), office(NGHE_AN))
    taking = Taking(settings)
    await taking.foundation.prepare()
    await taking.take(received("a"))
    with pytest.raises(InvalidRecord):
        await taking.take(voided("a", office=NGHE_AN))
    assert (await rows_of(taking.foundation))["a"]["status"] == AssignmentStatus.ASSIGNED
    taking.foundation.client.close()


async def test_an_office_that_changes_counts_for_the_next_document(settings: ChassisSettings) -> None:
    await load_office(settings, office(HA_TINH))
    look = lay_foundation(settings, "routing")
    async with speaker(settings, "intake") as intake, running(build(routing(settings))):
        today = datetime.now(UTC).date().isoformat()
        changed = office(HA_TINH)
        for person in changed["people"]:
            if person["id"] == "hoa":
                person["absences"] = [{"first_day": today, "last_day": "2999-01-01"}]
        await load_office(settings, changed)
        await intake.say(received("a"))

        async def there() -> dict[str, Any]:
            return await rows_of(look)

        assert (await eventually(there))["a"]["lead_person_id"] == "lan"
    look.client.close()


def test_the_newest_of_a_document_is_what_counts() -> None:
    batch: list[Told] = [received("a"), voided("a"), described("a", 3)]
    assert newest(batch)[HA_TINH, "a"].version == 3
    assert {each.topic for each in HEARS} == {"documents"}
    assert AssignmentEvent.producer == "routing"


async def test_opened_office_closes_its_connection(settings: ChassisSettings) -> None:
    async with opened_office(settings) as store:
        assert await store.signing_key(HA_TINH) is None
