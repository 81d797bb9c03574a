"""A database that is older than the register log: no number is given a second time."""

import asyncio
import json
import os
import time

import httpx
import pytest

from services.chassis.epoch import Epochs
from services.chassis.errors import Halted
from services.chassis.host import Host
from services.intake.app import build
from services.intake.files import LocalFiles
from services.intake.numbering import highest_of_book
from services.intake.recovering import Recovery, keep_orphans
from services.intake.register_log import RegisterLog, highest_numbers
from services.intake.said_numbers import highest_said, note_number
from services.intake.store import Place, Register
from services.intake.sweeping import Sweeping
from tests.eventually import eventually
from tests.harness import running
from tests.intake.conftest import Running
from tests.intake.scanner import Scanner
from tests.intake.test_arriving import this_year
from tests.offices import HA_TINH, NGHE_AN


@pytest.fixture
async def numbered(intake: Running) -> Running:
    """Three documents in one office, one in the other."""
    for n in range(3):
        await intake.scanner.number(f"{n}")
    await intake.neighbour.number("n")
    return intake


async def refusal_to_start(intake: Running) -> str:
    service = build(intake.settings)
    await service.start()
    try:
        with pytest.raises(Halted) as halted:
            await service.started()
        transport = httpx.ASGITransport(Host([service]))
        async with httpx.AsyncClient(transport=transport, base_url="http://vanthu.test") as client:
            answer = await Scanner(client, intake.scanner.key).post({})
        assert answer.status_code == 503
    finally:
        await service.stop()
    return str(halted.value)


async def starts(intake: Running) -> None:
    service = build(intake.settings)
    await service.start()
    await service.started()
    await service.stop()


async def test_intake_stays_closed_on_a_lost_database(numbered: Running) -> None:
    for name in ("documents", "books"):
        await numbered.database.drop_collection(name)
    message = await refusal_to_start(numbered)
    year = this_year(numbered)
    assert f"{HA_TINH}/incoming/{year}: the register log has number 3, the database 0" in message
    assert f"{NGHE_AN}/incoming/{year}: the register log has number 1, the database 0" in message
    assert "run `vanthu recover`" in message
    assert "Do not delete the register log" in message
    assert await numbered.database["documents"].count_documents({}) == 0
    assert await numbered.database["books"].count_documents({}) == 0


async def test_intake_stays_closed_on_a_restored_older_database(numbered: Running) -> None:
    place = {"office": HA_TINH, "book": "incoming"}
    await numbered.database["documents"].delete_one({**place, "number": 3})
    await numbered.database["books"].update_one(place, {"$set": {"next": 3}})
    message = await refusal_to_start(numbered)
    assert "the register log has number 3, the database 2" in message
    assert NGHE_AN not in message


async def test_a_lost_book_is_noticed_although_its_documents_are_there(numbered: Running) -> None:
    await numbered.database["books"].delete_one({"office": HA_TINH})
    assert "the register log has number 3, the database 0" in await refusal_to_start(numbered)


async def test_what_the_register_log_lacks_keeps_nobody_from_starting(numbered: Running) -> None:
    for path in (numbered.settings.data_folder / "register").glob("*.jsonl"):
        path.write_bytes(b"")
    await starts(numbered)


async def go_back(numbered: Running) -> None:
    """The database and the data folder, as a machine's snapshot does; Kafka is another machine's."""
    place = {"office": HA_TINH, "book": "incoming"}
    (lost,) = await numbered.database["documents"].find({**place, "number": 3}).to_list(None)
    await numbered.database["documents"].delete_one({"_id": lost["_id"]})
    await numbered.database["events"].delete_many({"key": lost["_id"]})
    await numbered.database["books"].update_one(place, {"$set": {"next": 3}})
    for path in (numbered.settings.data_folder / "register").glob("*.jsonl"):
        lines = path.read_text().splitlines(keepends=True)
        path.write_text("".join(line for line in lines if lost["_id"] not in line))


async def is_said(numbered: Running) -> None:
    async def all_sent() -> bool:
        return not await numbered.database["events"].find({"unsent": True}).to_list(None)

    await eventually(all_sent)


async def test_intake_stays_closed_where_database_and_data_folder_went_back_together(numbered: Running) -> None:
    await is_said(numbered)
    await starts(numbered)
    await go_back(numbered)
    message = await refusal_to_start(numbered)
    assert f"{HA_TINH}/incoming/{this_year(numbered)}: Kafka has number 3, the database 2" in message
    assert "run `vanthu recover`" in message
    assert NGHE_AN not in message


async def test_what_kafka_heard_before_a_restore_keeps_nobody_from_starting(numbered: Running) -> None:
    """`vanthu recover` ended in a new epoch, and knew it."""
    await is_said(numbered)
    await go_back(numbered)
    epochs = Epochs(numbered.database)
    await epochs.begin(17, "recover")
    await epochs.finish()
    await starts(numbered)


async def test_without_kafka_intake_starts_within_seconds_and_takes_documents(numbered: Running) -> None:
    await is_said(numbered)
    settings = numbered.settings.model_copy(update={"kafka_bootstrap": "127.0.0.1:9"})
    began = time.monotonic()
    async with running(build(settings)) as client:
        assert time.monotonic() - began < 30
        assert await Scanner(client, numbered.scanner.key).number("while Kafka is away") == 4


async def test_a_kafka_that_is_silent_is_not_waited_for(intake: Running) -> None:
    held: list[asyncio.StreamWriter] = []
    silent = await asyncio.start_server(lambda _, writer: held.append(writer), "127.0.0.1", 0)
    port = silent.sockets[0].getsockname()[1]
    began = time.monotonic()
    settings = intake.settings.model_copy(update={"kafka_bootstrap": f"127.0.0.1:{port}"})
    assert await highest_said(settings, 0) == {}
    assert held
    assert time.monotonic() - began < 20
    for each in held:
        each.close()
    silent.close()


async def test_the_highest_number_of_each_book_is_read_from_kafka(numbered: Running) -> None:
    await is_said(numbered)
    first = {(HA_TINH, "incoming", this_year(numbered)): 3, (NGHE_AN, "incoming", this_year(numbered)): 1}
    assert await highest_said(numbered.settings, 0) == first
    assert await highest_said(numbered.settings, 1) == {}


def test_what_tells_no_number_is_passed_over() -> None:
    said = {"office": "o", "document": {"book": "b", "year": 2026, "number": 7}}
    other = {**said, "document": {**said["document"], "number": 9}, "epoch": 1}  # type: ignore[dict-item]
    values = [b"", b"\xff", b"[]", b"{}", b'{"office": "o", "document": null}', json.dumps(said).encode()]
    values.append(json.dumps(other).encode())
    for epoch, expected in ((0, 9), (1, 9), (2, None)):
        highest: dict[Place, int] = {}
        for value in values:
            note_number(value, epoch, highest)
        assert highest == ({("o", "b", 2026): expected} if expected else {})


async def test_a_year_that_is_over_is_compared_with_its_documents(numbered: Running) -> None:
    logged = highest_numbers(numbered.settings.data_folder / "register")
    year = this_year(numbered)
    assert logged == {(HA_TINH, "incoming", year): 3, (NGHE_AN, "incoming", year): 1}
    await numbered.database["books"].update_many({}, {"$set": {"year": year + 1, "next": 1}})
    register = Register(numbered.database, None, None, "UTC", 300)  # type: ignore[arg-type]
    await register.check_goes_on_from(logged, "the register log")


def test_a_book_gives_again_what_it_does_not_know() -> None:
    assert highest_of_book(None, 2016, 7) == 0
    assert highest_of_book({"year": 2015, "next": 99}, 2016, 7) == 0
    assert highest_of_book({"year": 2016, "next": 8}, 2016, 7) == 7
    assert highest_of_book({"year": 2017, "next": 1}, 2016, 7) == 7


async def test_a_document_that_is_numbered_after_a_restore_is_said_in_its_epoch(intake: Running) -> None:
    epochs = Epochs(intake.database)
    await epochs.begin(17, "recover")
    await epochs.finish()
    async with running(build(intake.settings)) as client:
        await Scanner(client, intake.scanner.key).number("after the restore")
    (row,) = await intake.database["events"].find().to_list(None)
    assert (row["epoch"], json.loads(row["value"])["epoch"]) == (17, 17)


async def test_no_service_starts_on_a_database_whose_restore_has_not_ended(intake: Running) -> None:
    await Epochs(intake.database).begin(17, "recover")
    assert "Run `vanthu recover`" in await refusal_to_start(intake)


async def test_after_a_restore_no_file_goes_to_the_trash_until_it_is_recovered(intake: Running) -> None:
    orphan = intake.settings.data_folder / "files" / HA_TINH / "ff" / "forgotten"
    orphan.parent.mkdir(parents=True)
    orphan.write_bytes(b"%PDF")
    os.utime(orphan, (0, 0))
    recovery = Recovery(intake.database, None)  # type: ignore[arg-type]
    await keep_orphans(intake.database)
    assert await sweeping_of(intake).sweep_orphans() == 0
    assert orphan.exists()
    await recovery.sweep_again()
    assert await sweeping_of(intake).sweep_orphans() == 1
    assert not orphan.exists()


def sweeping_of(intake: Running) -> Sweeping:
    register = Register(intake.database, None, None, "UTC", 300)  # type: ignore[arg-type]
    log = RegisterLog(intake.settings.data_folder / "other-register")
    return Sweeping(intake.settings, register, log, LocalFiles(intake.settings.data_folder / "files", 1))
