"""A restore begins a new epoch: nobody works before it has ended, and all that is said afterwards outranks the old."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.chassis.epoch import Epochs, following
from services.chassis.errors import Halted
from services.chassis.foundation import lay_foundation
from services.chassis.journal import row_of
from services.chassis.settings import ChassisSettings
from tests.chassis.test_straight_through import unit_changed
from tests.harness import speaker

NOW = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)


async def said_in(settings: ChassisSettings) -> list[tuple[int | None, int]]:
    """Of each row of routing's journal: the epoch that it bears, and the one within its value."""
    foundation = lay_foundation(settings, "routing")
    rows = [row async for row in foundation.journal.read()]
    foundation.client.close()
    return [(row.get("epoch"), json.loads(row["value"])["epoch"]) for row in rows]


async def test_what_is_said_after_a_restore_bears_its_epoch_and_what_was_said_before_keeps_its_own(
    settings: ChassisSettings,
) -> None:
    async with speaker(settings, "routing") as routing:
        await routing.say(unit_changed("A"))
        epochs = Epochs(routing.foundation.database)
        await epochs.begin(17, "recover")
        await epochs.finish()
    async with speaker(settings, "routing") as routing:
        await routing.say(unit_changed("B"))
    assert await said_in(settings) == [(None, 0), (17, 17)]


async def test_a_database_that_was_never_restored_is_in_the_first_epoch(settings: ChassisSettings) -> None:
    async with speaker(settings, "routing") as routing:
        epochs = Epochs(routing.foundation.database)
        assert await epochs.settled() == 0
        await epochs.begin(17, "restore FOLDER")
        with pytest.raises(Halted, match="restore FOLDER"):
            await epochs.settled()


@given(st.integers(0, 4_000_000_000))
def test_two_restores_of_one_backup_are_never_in_the_same_epoch(known: int) -> None:
    first = following(known, NOW)
    assert first > known
    assert following(first, NOW) > first


def test_a_row_of_the_first_epoch_is_as_small_as_ever() -> None:
    assert "epoch" not in row_of(unit_changed("A"), "00-trace")
