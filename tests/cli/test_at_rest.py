"""Whoever starts while a restore or a recovery begins is seen by it, or sees it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from services.chassis.epoch import EPOCHS, Epochs
from services.chassis.lease import Lease, are_held
from services.chassis.mongo import Database
from services.chassis.settings import ChassisSettings
from services.cli.composition import BUILDERS
from services.cli.databases import opened, opened_all
from services.cli.installation import Installation
from services.cli.names import Name
from services.cli.recovery import ground
from services.cli.recovery.at_rest import StillRunning, check_at_rest
from services.cli.recovery.ground import READERS_FIRST, at_rest
from services.cli.recovery.recovering import recover
from services.cli.safekeeping.command import _restore
from services.cli.safekeeping.dumping import Source, dump

LATE = Name.ROUTING


def given(settings: ChassisSettings) -> dict[str, Any]:
    return {name: getattr(settings, name) for name in settings.model_fields_set}


@pytest.mark.parametrize("name", list(Name))
async def test_a_service_says_that_it_runs_before_it_looks_at_anything(
    settings: ChassisSettings, tmp_path: Path, name: Name
) -> None:
    service = BUILDERS[name](Installation(tmp_path), given(settings))
    said: list[bool] = []
    prepare = service.prepare

    async def looked_at() -> None:
        async with opened(settings, name) as database:
            said.append(await are_held(database))
        await prepare()

    service.prepare = looked_at
    await service.start()
    await service.started()
    await service.stop()
    assert said == [True]
    async with opened(settings, name) as database:
        assert not await are_held(database)


class LateComer:
    """A service that starts when a command has looked whether any runs, and goes on."""

    def __init__(self) -> None:
        self._looks = 0

    async def check(self, settings: ChassisSettings, databases: dict[str, Database]) -> None:
        self._looks += 1
        if self._looks == 2:
            await Lease(databases[LATE], "process late", "late", 60).hold()
        await check_at_rest(settings, databases, 0.5)


@pytest.fixture
def late_comer(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Called, none comes any more."""
    monkeypatch.setattr(ground, "check_at_rest", LateComer().check)
    return lambda: monkeypatch.setattr(ground, "check_at_rest", check_at_rest)


async def collections(settings: ChassisSettings) -> dict[str, list[str]]:
    async with opened_all(settings, READERS_FIRST) as databases:
        return {name: sorted(await each.list_collection_names()) for name, each in databases.items()}


async def epochs(settings: ChassisSettings) -> list[Any]:
    async with opened_all(settings, READERS_FIRST) as databases:
        return [await each[EPOCHS].find_one() for each in databases.values()]


def nothing(_: object) -> None:
    return None


async def recovered(settings: ChassisSettings, folder: Path) -> int:
    async with at_rest(Installation(folder), given(settings)) as everything:
        return (await recover(everything, lambda _: nothing, sweep=True)).epoch


async def go(settings: ChassisSettings) -> None:
    async with opened(settings, LATE) as database:
        await database.drop_collection("leases")


async def test_a_recovery_that_a_service_has_slipped_into_changes_nothing_and_is_run_again(
    settings: ChassisSettings, tmp_path: Path, late_comer: Callable[[], None]
) -> None:
    async with opened_all(settings, READERS_FIRST) as databases:
        await Epochs(databases["intake"]).begin(17, "restore", "a backup")
        await Epochs(databases["intake"]).finish()
    before = await epochs(settings)
    with pytest.raises(StillRunning, match=r"routing still runs. Nothing was changed"):
        await recovered(settings, tmp_path)
    assert await epochs(settings) == before
    assert await collections(settings) == {name: [] for name in Name} | {"intake": [EPOCHS], LATE: ["leases"]}
    late_comer()
    await go(settings)
    assert await recovered(settings, tmp_path) > 17


async def test_a_restore_that_a_service_has_slipped_into_changes_nothing_and_is_run_again(
    settings: ChassisSettings, tmp_path: Path, late_comer: Callable[[], None]
) -> None:
    async with opened_all(settings, READERS_FIRST) as databases:
        await databases[LATE]["offices"].insert_one({"_id": "o"})
        source = Source(databases, settings.mongo_database_prefix, tmp_path / "files", tmp_path / "register")
        manifest = await dump(source, tmp_path / "backup", None, nothing)
    there = settings.model_copy(update={"mongo_database_prefix": f"{settings.mongo_database_prefix}r"})

    async def restored() -> None:
        here = Installation(tmp_path / "elsewhere")
        await _restore(tmp_path / "backup", manifest, here, given(there), databases_only=False)

    with pytest.raises(StillRunning, match=r"routing still runs. Nothing was changed"):
        await restored()
    assert await collections(there) == {name: [] for name in Name} | {LATE: ["leases"]}
    late_comer()
    await go(there)
    await restored()
    async with opened(there, LATE) as database:
        assert await database["offices"].find_one() == {"_id": "o"}
