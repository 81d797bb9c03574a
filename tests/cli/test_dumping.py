"""A backup while collections come and go, documents are destroyed, and disks refuse."""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from services.chassis.epoch import Epochs
from services.chassis.errors import Halted
from services.chassis.mongo import connect
from services.chassis.settings import ChassisSettings
from services.cli.safekeeping import copying, dumping
from services.cli.safekeeping.copying import NotWhole
from services.cli.safekeeping.dumping import Moved, Source, dump
from services.cli.safekeeping.manifest import check, read_manifest
from services.cli.safekeeping.writing import linked
from services.intake.erasure_list import NAME, order

NOW = datetime(2026, 3, 1, tzinfo=UTC)
LINE = '{"id": "a"}\n'


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
    (tmp_path / "data" / "register" / "host-0.jsonl").write_text(LINE)
    yield Source(databases, "t", tmp_path / "data" / "files", tmp_path / "data" / "register")
    client.close()


def paper(source: Source, id: str, office: str = "o", text: str = "in clear") -> Path:
    path = source.files / office / "aa" / id
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


async def register(source: Source, *ids: str) -> None:
    """Entries that name a file, in a shard of the last two letters of their ids."""
    rows = [{"_id": id, "office": "o", "file": {"size_bytes": 8}} for id in ids]
    await source.databases["intake"]["documents"].insert_many(rows)


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
    original = copying._files

    def destroying(*arguments: Any) -> Any:
        yield from original(*arguments)
        order(source.register, "a", NOW)

    monkeypatch.setattr(copying, "_files", destroying)
    await dump(source, tmp_path / "backup", None, nothing)
    assert '"a"' in (tmp_path / "backup" / "register" / NAME).read_text()


async def test_a_backup_that_fails_leaves_no_papers_behind(source: Source, tmp_path: Path) -> None:
    paper(source, "paper")
    (source.files / "o" / "aa" / "a folder").mkdir()
    with pytest.raises(IsADirectoryError):
        await dump(source, tmp_path / "backup", None, nothing)
    assert list(tmp_path.glob("backup*")) == []


async def test_a_file_that_is_swept_while_it_is_linked_ends_no_backup(
    source: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    swept = paper(source, "paper")
    await dump(source, tmp_path / "one", None, nothing)

    def sweeping(known: Path, path: Path) -> bool:
        done = linked(known, path)
        swept.unlink()
        return done

    monkeypatch.setattr(copying, "linked", sweeping)
    manifest = await dump(source, tmp_path / "two", tmp_path / "one", nothing)
    assert (manifest.files, manifest.files_bytes) == (1, len("in clear"))


async def test_what_is_restored_in_part_is_no_backup(source: Source, tmp_path: Path) -> None:
    await Epochs(source.databases["intake"]).begin(7, "restore", "a backup")
    with pytest.raises(Halted, match="has not come to its end"):
        await dump(source, tmp_path / "backup", None, nothing)
    assert list(tmp_path.glob("backup*")) == []


@pytest.mark.parametrize("there", [[], ["register", "files"]])
async def test_documents_without_a_register_log_are_no_backup(source: Source, tmp_path: Path, there: list[str]) -> None:
    for name in there:
        (tmp_path / "elsewhere" / name).mkdir(parents=True)
    folders = (tmp_path / "elsewhere" / "files", tmp_path / "elsewhere" / "register")
    with pytest.raises(
        NotWhole, match=r"1 documents, and no line of them is in .*/elsewhere/register.*VANTHU_DATA_FOLD"
    ):
        await dump(Source(source.databases, "t", *folders), tmp_path / "backup", None, nothing)
    assert list(tmp_path.glob("backup*")) == []


async def test_before_its_first_document_an_office_is_backed_up_without_folders(source: Source, tmp_path: Path) -> None:
    await source.databases["intake"]["documents"].delete_many({})
    await source.databases["intake"]["device_keys"].insert_one({"_id": "a"})
    folders = (tmp_path / "none" / "files", tmp_path / "none" / "register")
    manifest = await dump(Source(source.databases, "t", *folders), tmp_path / "backup", None, nothing)
    check(tmp_path / "backup", manifest, nothing)
    assert manifest.files == 0


@pytest.mark.parametrize("closed", ["files", "files/o", "files/o/aa", "register"])
async def test_what_may_not_be_read_is_never_left_out(
    source: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, closed: str
) -> None:
    """The papers are named by no entry of the moment, as are those that come while the databases are read."""
    paper(source, "paper")
    await source.databases["intake"]["documents"].delete_many({})
    original = os.scandir

    def scandir(path: Any) -> Any:
        if str(path) == str(source.files.parent / closed):
            raise PermissionError(13, "Permission denied", str(path))
        return original(path)

    monkeypatch.setattr(os, "scandir", scandir)
    with pytest.raises(PermissionError):
        await dump(source, tmp_path / "backup", None, nothing)
    assert list(tmp_path.glob("backup*")) == []


async def test_a_file_that_the_register_names_and_nobody_has_is_named_and_ends_the_backup(
    source: Source, tmp_path: Path
) -> None:
    paper(source, "1-aa")
    await register(source, "1-aa", *(f"lost-{number:02}-aa" for number in range(23)))
    with pytest.raises(NotWhole) as refused:
        await dump(source, tmp_path / "backup", None, nothing)
    said = str(refused.value)
    assert f"23 documents of the register have no file in {source.files}: lost-00-aa, lost-01-aa" in said
    assert "and 3 more; `vanthu check --json` names all" in said
    assert list(tmp_path.glob("backup*")) == []


async def test_of_files_that_are_lost_for_good_a_backup_knows_how_many(source: Source, tmp_path: Path) -> None:
    paper(source, "1-aa")
    await register(source, "1-aa", "lost-aa")
    lacking = Source(source.databases, "t", source.files, source.register, may_lack_files=True)
    await dump(lacking, tmp_path / "backup", None, nothing)
    manifest = read_manifest(tmp_path / "backup")
    assert (manifest.files, manifest.files_lost) == (1, 1)


async def test_a_document_that_is_destroyed_after_the_moment_is_not_missed(
    source: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret, original = paper(source, "secret-aa"), copying._files
    await register(source, "secret-aa")

    def destroying(*arguments: Any) -> Any:
        order(source.register, "secret-aa", NOW)
        secret.unlink()
        yield from original(*arguments)

    monkeypatch.setattr(copying, "_files", destroying)
    manifest = await dump(source, tmp_path / "backup", None, nothing)
    assert (manifest.files, manifest.files_lost) == (0, 0)


async def test_a_file_of_another_size_than_the_earlier_backups_is_copied_anew(source: Source, tmp_path: Path) -> None:
    names = ["o/a", "o-1/a", "o/b", "o/c", "o/d"]  # as paths and as parts they have another order
    live = [paper(source, name[-1], name[:-2]) for name in names]
    await dump(source, tmp_path / "one", None, nothing)
    damaged = tmp_path / "one" / "files" / "o" / "aa" / "b"
    damaged.write_text("in")
    (tmp_path / "one" / "files" / "o" / "aa" / "c").unlink()
    manifest = await dump(source, tmp_path / "two", tmp_path / "one", nothing)
    check(tmp_path / "two", manifest, nothing)
    copies = [tmp_path / "two" / "files" / path.relative_to(source.files) for path in live]
    assert [path.read_text() for path in copies] == ["in clear"] * 5
    assert [path.stat().st_nlink for path in copies] == [2, 2, 1, 1, 2]


async def test_a_line_that_is_being_written_is_left_to_the_next_backup(source: Source, tmp_path: Path) -> None:
    (source.register / "host-0.jsonl").write_text(LINE + '{"id": "b"')
    await dump(source, tmp_path / "backup", None, nothing)
    assert (tmp_path / "backup" / "register" / "host-0.jsonl").read_text() == LINE
