"""A backup while collections come and go, documents are destroyed, and disks refuse."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from services.chassis.epoch import Epochs
from services.chassis.errors import Halted
from services.chassis.mongo import connect
from services.chassis.settings import ChassisSettings
from services.cli.safekeeping import dumping
from services.cli.safekeeping.dumping import Moved, Source, dump
from services.cli.safekeeping.manifest import read_manifest
from services.cli.safekeeping.writing import linked
from services.intake.erasure_list import NAME, order

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def nothing(count: int) -> None:
    """No bar."""


@pytest.fixture
async def source(settings: ChassisSettings, tmp_path: Path) -> Any:
    client = connect(settings.mongo_url.get_secret_value())
    databases = {name: client[f"{settings.mongo_database_prefix}_{name}"] for name in ("reporting", "intake")}
    await databases["reporting"]["facts_1"].insert_one({"_id": "a"})
    await databases["intake"]["documents"].insert_one({"_id": "a"})
    for name in ("files", "register"):
        (tmp_path / "data" / name).mkdir(parents=True)
    yield Source(databases, "t", tmp_path / "data" / "files", tmp_path / "data" / "register")
    client.close()


def facts(folder: Path) -> dict[str, int]:
    return {part.collection or "": part.rows for part in read_manifest(folder).parts if part.service == "reporting"}


async def test_a_rebuild_that_ends_while_a_backup_reads_makes_it_read_again(
    source: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reporting, original, flips = source.databases["reporting"], dumping._collection, [None]

    async def flipping(service: str, collection: Any, *others: Any) -> Any:
        if flips and service == "reporting":
            flips.pop()
            await reporting["facts_2"].insert_one({"_id": "a"})
            await reporting.drop_collection("facts_1")
        return await original(service, collection, *others)

    monkeypatch.setattr(dumping, "_collection", flipping)
    await dump(source, tmp_path / "backup", None, nothing)
    assert not flips
    assert facts(tmp_path / "backup") == {"facts_2": 1}
    assert [path.name for path in (tmp_path / "backup" / "databases" / "reporting").iterdir()] == ["facts_2.bson.gz"]


async def test_a_collection_that_is_younger_than_the_moment_is_no_reason_to_raise_mongodbs_memory(
    source: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rebuilt again and again, it never holds still: the words name that, and nothing is left."""
    reporting, original, builds = source.databases["reporting"], dumping._collection, iter(range(2, 99))

    async def building(service: str, collection: Any, *others: Any) -> Any:
        part = await original(service, collection, *others)
        if service == "reporting":
            await reporting[f"facts_{next(builds)}"].insert_one({"_id": "a"})
            await source.databases["intake"]["documents"].create_index(f"field_{next(builds)}")
        return part

    monkeypatch.setattr(dumping, "_collection", building)
    with pytest.raises(Moved, match="vanthu rebuild"):
        await dump(source, tmp_path / "backup", None, nothing)
    assert list(tmp_path.glob("backup*")) == []


async def test_what_is_destroyed_while_files_are_copied_stands_on_the_backups_list(
    source: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (source.register / "host-0.jsonl").write_text('{"id": "a"}\n')
    original = dumping._files

    def destroying(*arguments: Any) -> Any:
        yield from original(*arguments)
        order(source.register, "a", NOW)

    monkeypatch.setattr(dumping, "_files", destroying)
    await dump(source, tmp_path / "backup", None, nothing)
    assert '"a"' in (tmp_path / "backup" / "register" / NAME).read_text()


async def test_a_backup_that_fails_leaves_no_papers_behind(source: Source, tmp_path: Path) -> None:
    (source.files / "o" / "aa").mkdir(parents=True)
    (source.files / "o" / "aa" / "paper").write_text("in clear")
    (source.files / "o" / "aa" / "a folder").mkdir()
    with pytest.raises(IsADirectoryError):
        await dump(source, tmp_path / "backup", None, nothing)
    assert list(tmp_path.glob("backup*")) == []


async def test_a_file_that_is_swept_while_it_is_linked_ends_no_backup(
    source: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paper = source.files / "o" / "aa" / "paper"
    paper.parent.mkdir(parents=True)
    paper.write_text("in clear")
    await dump(source, tmp_path / "one", None, nothing)

    def sweeping(known: Path, path: Path) -> bool:
        done = linked(known, path)
        paper.unlink()
        return done

    monkeypatch.setattr(dumping, "linked", sweeping)
    manifest = await dump(source, tmp_path / "two", tmp_path / "one", nothing)
    assert (manifest.files, manifest.files_bytes) == (1, len("in clear"))


async def test_what_is_restored_in_part_is_no_backup(source: Source, tmp_path: Path) -> None:
    await Epochs(source.databases["intake"]).begin(7, "restore", "a backup")
    with pytest.raises(Halted, match="has not come to its end"):
        await dump(source, tmp_path / "backup", None, nothing)
    assert list(tmp_path.glob("backup*")) == []
