"""A fact in one service's journal takes effect in another, over real Kafka and MongoDB."""

from collections.abc import Sequence
from datetime import UTC, datetime

from services.chassis.envelope import Incoming
from services.chassis.foundation import lay_foundation
from services.chassis.settings import ChassisSettings
from services.events import UnitChanged, UnitState
from tests.eventually import eventually
from tests.harness import speaker, started


def unit_changed(unit_id: str, version: int = 1) -> UnitChanged:
    return UnitChanged(
        office="stp",
        key=f"stp:unit:{unit_id}",
        version=version,
        recorded_at=datetime.now(UTC),
        unit=UnitState(unit_id=unit_id, name=f"Phòng {unit_id} {version}"),
    )


async def test_an_event_written_in_a_transaction_reaches_another_service_in_order(settings: ChassisSettings) -> None:
    seen: list[tuple[str, int]] = []

    async def apply(batch: Sequence[Incoming]) -> None:
        seen.extend((each.event.key, each.event.version) for each in batch)

    reader = lay_foundation(settings, "reporting")
    reader.add_consumer(("office",), [UnitChanged], apply)
    async with speaker(settings, "routing") as routing, started(reader):
        await routing.say(*(unit_changed("NC", version) for version in range(1, 6)))
        await routing.say(unit_changed("KT"))

        async def all_there() -> bool:
            return len(seen) >= 6

        await eventually(all_there)
        assert [version for key, version in seen if key.endswith("NC")] == [1, 2, 3, 4, 5]
        assert await routing.foundation.journal.rows.count_documents({"unsent": True}) == 0
