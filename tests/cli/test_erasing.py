"""`vanthu erase` destroys everything or says what it could not reach; what uploads still hold is not its own."""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from services.chassis.errors import Failure
from services.chassis.mongo import connect
from services.chassis.settings import ChassisSettings
from services.cli import erase
from services.cli.emptying import empty_kafka
from services.cli.erasing import Destroyed, Eraser, new_eraser
from services.cli.main import new_app
from services.cli.names import Name
from services.intake.erasure_list import erased_ids
from services.intake.files import LocalFiles
from services.intake.settings import IntakeSettings
from tests.eventually import eventually
from tests.intake.conftest import *  # noqa: F403 - its fixtures are this module's
from tests.intake.conftest import Running
from tests.intake.scanner import pdf
from tests.offices import HA_TINH

NOW = datetime(2026, 1, 6, tzinfo=UTC)
SEAL = {"reason": "mark_found", "by": "clerk", "at": NOW, "confirmed_by": "security", "confirmed_at": NOW}
SECRET = pdf("CANARY")


@pytest.fixture
async def eraser(intake: Running) -> AsyncIterator[Eraser]:
    settings = intake.settings
    client = connect(settings.mongo_url.get_secret_value())
    databases = {name.value: client[f"{settings.mongo_database_prefix}_{name.value}"] for name in Name}
    yield new_eraser(ChassisSettings(**_shared(settings)), settings, databases, 0)
    client.close()


def _shared(settings: IntakeSettings) -> dict[str, Any]:
    return {name: getattr(settings, name) for name in ChassisSettings.model_fields}


async def confirmed(intake: Running) -> str:
    """The id of a document that may be erased."""
    id: str = (await intake.scanner.post({"subject": "CANARY"}, SECRET)).json()["id"]
    await intake.database["documents"].update_one({"_id": id}, {"$set": {"seal": SEAL}})
    return id


async def events_of(intake: Running, id: str) -> list[str]:
    rows = await intake.database["events"].find({"key": id}).sort("_id", 1).to_list(None)
    return [row["type"] for row in rows]


async def test_in_a_folder_that_is_not_intakes_nothing_is_changed(
    intake: Running, eraser: Eraser, tmp_path: Path
) -> None:
    id = await confirmed(intake)
    before = await intake.database["documents"].find_one({"_id": id})
    elsewhere = replace(eraser, files=LocalFiles(tmp_path / "elsewhere" / "files", 1))
    with pytest.raises(Failure, match=r"not intake's data folder.*VANTHU_DATA_FOLDER"):
        await elsewhere.destroy(id, "root", 1)
    assert await intake.database["documents"].find_one({"_id": id}) == before
    assert not (tmp_path / "elsewhere").exists()
    await eraser.destroy_own(id, "root", 1)
    with pytest.raises(Failure, match="not intake's data folder"):
        await elsewhere.destroy(id, "root", 1)  # a repeat there would seem to be the end of it
    with pytest.raises(Failure, match="has not cleaned its database"):  # its own folder's line is blank, and there
        await eraser.destroy(id, "root", 3)


async def test_another_user_than_the_folders_owner_changes_nothing(
    intake: Running, eraser: Eraser, monkeypatch: pytest.MonkeyPatch
) -> None:
    id = await confirmed(intake)
    monkeypatch.setattr(os, "geteuid", lambda: eraser.folder.stat().st_uid + 1)
    with pytest.raises(Failure, match="sudo -u"):
        await eraser.destroy(id, "root", 1)
    assert erased_ids(eraser.folder) == {}


@pytest.mark.parametrize("other", [{"kafka_topic_prefix": "other"}, {"kafka_partitions": 3}])
async def test_another_kafka_than_the_services_is_not_taken_for_an_empty_one(
    intake: Running, eraser: Eraser, other: dict[str, Any]
) -> None:
    id = await confirmed(intake)
    settings = ChassisSettings(**{**_shared(intake.settings), **other})
    with pytest.raises(Failure, match="VANTHU_KAFKA_TOPIC_PREFIX"):
        await empty_kafka(settings, id, time.monotonic())


async def test_topics_where_nothing_was_ever_said_are_not_the_services(settings: ChassisSettings) -> None:
    with pytest.raises(Failure, match="has nothing of"):
        await empty_kafka(settings, "a", time.monotonic())


async def test_a_group_that_never_was_there_has_not_read_it(intake: Running, eraser: Eraser) -> None:
    id = await confirmed(intake)
    await eventually(lambda: eraser.erasures["intake"].is_sent(id))
    with pytest.raises(Failure, match="routing, notify, reporting has not read Kafka"):
        await empty_kafka(eraser.settings, id, time.monotonic())


async def test_an_upload_of_the_same_bytes_keeps_them_and_is_waited_for(intake: Running, eraser: Eraser) -> None:
    """It has a right to its number: once it has it, it is named, and judged by itself."""
    id = await confirmed(intake)
    row = await intake.database["documents"].find_one({"_id": id})
    files = LocalFiles(intake.settings.data_folder / "files", 1)
    draft = files.begin(HA_TINH, "01945c2e-7a10-7c3b-9d57-3f0b6a4c1e11")
    await draft.write(SECRET)
    await draft.keep(lambda _: None)
    path = files.path_of(HA_TINH, "01945c2e-7a10-7c3b-9d57-3f0b6a4c1e11")
    os.utime(path, (0, 0))
    with pytest.raises(Failure, match=rf"{path.name} has the same bytes so far and is still being uploaded"):
        await eraser.destroy_own(id, "root", 0)
    assert path.read_bytes() == SECRET
    assert files.path_of(HA_TINH, id).exists(), "by which the next run knows what is the same"
    work = asyncio.create_task(eraser.destroy_own(id, "root", 30))
    await asyncio.sleep(0.7)
    assert not work.done()
    await intake.database["documents"].insert_one({**row, "_id": path.name, "number": 2})
    draft.let_go(clear=True)
    done = await work
    assert done.same_bytes == [path.name]
    assert path.read_bytes() == SECRET
    assert not files.path_of(HA_TINH, id).exists()
    files.close()


async def test_what_a_crash_left_of_the_same_bytes_is_destroyed_once_no_number_can_come(
    intake: Running, eraser: Eraser
) -> None:
    id = await confirmed(intake)
    left = eraser.files.path_of(HA_TINH, id).with_name("left")
    left.write_bytes(SECRET)
    with pytest.raises(Failure, match="still being uploaded"):
        await eraser.destroy_own(id, "root", 0)
    os.utime(left, (0, 0))
    assert (await eraser.destroy_own(id, "root", 0)).files == 2
    assert intake.files == []


async def test_again_says_anew_only_what_had_come_back(intake: Running, eraser: Eraser) -> None:
    id = await confirmed(intake)
    await eraser.destroy_own(id, "root", 10)
    for name in ("routing", "notify", "reporting"):
        await eraser.erasures[name].confirm([id])
    await eventually(lambda: eraser.erasures["intake"].is_sent(id))
    said = await events_of(intake, id)
    row = await intake.database["documents"].find_one({"_id": id})
    assert await eraser.listed() == [id]
    for _ in range(2):
        assert await eraser.again("vanthu recover") == []
    assert await events_of(intake, id) == said
    assert await intake.database["documents"].find_one({"_id": id}) == row


@pytest.mark.parametrize("what", ["row", "journal", "file", "reader"])
async def test_again_destroys_and_says_anew_whatever_a_restore_brought_back(
    intake: Running, eraser: Eraser, what: str
) -> None:
    id = await confirmed(intake)
    place = {"_id": id}
    row = await intake.database["documents"].find_one(place)
    (event,) = await intake.database["events"].find({"key": id}).to_list(None)
    await eraser.destroy_own(id, "root", 10)
    for name in ("routing", "notify", "reporting"):
        await eraser.erasures[name].confirm([id])
    await eventually(lambda: eraser.erasures["intake"].is_sent(id))
    said = await events_of(intake, id)
    if what == "row":
        await intake.database["documents"].replace_one(place, row)
        await intake.database["events"].delete_many({"key": id, "version": {"$gt": 1}})
        said = said[:1]
    elif what == "journal":
        await intake.database["events"].replace_one({"_id": event["_id"]}, event)
    elif what == "file":
        eraser.files.path_of(HA_TINH, id).write_bytes(SECRET)
    else:
        await eraser.erasures["reporting"]._rows.delete_many({})
    assert await eraser.again("vanthu recover") == [id]
    assert await events_of(intake, id) == [*said, "vanthu.document-erased.v1"]
    assert intake.files == []
    assert "CANARY" not in str(await intake.database["events"].find({"key": id}).to_list(None))
    if what == "reader":
        assert await eraser.again("vanthu recover") == [], "it is on its way already"


def test_an_erasure_waits_for_no_negative_time(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        new_app(["erase"])(["erase", "a", "--yes", "--wait", "-5"])
    assert ended.value.code == 2
    assert "greater than or equal to 0" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("done", "words"),
    [
        (Destroyed("a", 1, 4, 2), "a is destroyed. Files: 1. Events blanked: 4. Dead letters emptied: 2."),
        (Destroyed("a"), "a was destroyed by an earlier run. This one found nothing left of it."),
        (
            Destroyed("a", deleted_until={"vanthu.notices[8]": 3, "vanthu.documents[8]": 7}),
            "in the partitions that had it: vanthu.documents[8] from offset 7, vanthu.notices[8] from offset 3.",
        ),
    ],
)
def test_what_was_destroyed_is_said_in_words(done: Destroyed, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    erase._tell(done)
    assert words in capsys.readouterr().err


@pytest.mark.parametrize(("destroyed", "times"), [([Destroyed("a"), Destroyed("b")], 1), ([], 0)])
def test_who_has_destroyed_something_is_told_to_back_up(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    destroyed: list[Destroyed],
    times: int,
) -> None:
    async def destroy(*_: Any) -> list[Destroyed]:
        return destroyed

    monkeypatch.setenv("VANTHU_MONGO_URL", "mongodb://127.0.0.1:9")
    monkeypatch.setattr(erase, "_destroy", destroy)
    for json in (False, True):
        erase.erase("", again=True, wait=1, yes=True, data=tmp_path, json=json)
        said = capsys.readouterr()
        assert (said.out if json else said.err).count("Run `vanthu backup` now") == times
