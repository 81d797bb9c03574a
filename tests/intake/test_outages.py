"""Servers that are away, disks that fail, files that nobody owns, keys that end."""

import asyncio
import contextlib
import os
import time
from pathlib import Path

import pytest

from services.chassis import mongo as mongo_module
from services.chassis.errors import Halted
from services.chassis.mongo import connect
from services.chassis.settings import ChassisSettings
from services.intake.app import build
from services.intake.device_keys import DeviceKeys
from services.intake.files import LocalFiles
from services.intake.settings import IntakeSettings
from services.intake.store import Register, check_transaction_lifetime
from services.intake.sweeping import Sweeping
from tests.harness import as_bearer, running
from tests.intake.conftest import Running
from tests.intake.scanner import PDF, Scanner, pdf
from tests.offices import HA_TINH, NGHE_AN


class Cable:
    """Between a service and its database; it can be pulled."""

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()
        self.port = 0

    async def plug(self) -> None:
        self._server = await asyncio.start_server(self._carry, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def pull(self) -> None:
        assert self._server
        self._server.close()
        for writer in list(self._open):
            writer.close()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(*self._target)
        self._open |= {writer, back}
        with contextlib.suppress(OSError):
            await asyncio.gather(_copy(reader, back), _copy(there, writer))
        self._open -= {writer, back}


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()


async def test_while_the_database_is_away_nothing_is_numbered_and_then_all_goes_on(
    intake_settings: IntakeSettings, database: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(mongo_module.DURABLE, "serverSelectionTimeoutMS", 500)
    address = intake_settings.mongo_url.get_secret_value().split("//")[1].split("/")[0]
    host, _, port = address.partition(":")
    cable = Cable(host, int(port))
    await cable.plug()
    url = f"mongodb://127.0.0.1:{cable.port}/?directConnection=true"
    settings = IntakeSettings(**{**intake_settings.model_dump(), "mongo_url": url})
    async with running(build(settings)) as client:
        key = await DeviceKeys(database).create(HA_TINH, "scanner", "incoming", "incoming")  # type: ignore[arg-type]
        scanner = Scanner(client, key)
        assert await scanner.number("before") == 1
        await cable.pull()
        response = await scanner.post({}, pdf("during"), Idempotency_Key="kept")
        assert response.status_code == 503
        assert response.headers["retry-after"]
        await cable.plug()
        for _ in range(100):
            response = await scanner.post({}, pdf("during"), Idempotency_Key="kept")
            if response.status_code == 201:
                break
            await asyncio.sleep(0.1)
        assert response.json()["number"] == 2
        assert await scanner.number("after") == 3
        await cable.pull()


async def test_documents_are_received_while_kafka_is_away(settings: ChassisSettings, tmp_path: Path) -> None:
    own = IntakeSettings(**{**settings.model_dump(), "kafka_bootstrap": "127.0.0.1:9"}, data_folder=tmp_path)
    service = build(own)
    async with running(service) as client:
        mongo = connect(own.mongo_url.get_secret_value())
        database = mongo[f"{own.mongo_database_prefix}_intake"]
        key = await DeviceKeys(database).create(HA_TINH, "scanner", "incoming", "incoming")
        assert await Scanner(client, key).number("without Kafka") == 1
        assert await database["events"].count_documents({"unsent": True}) == 1
        mongo.close()


async def test_a_failed_sync_discards_the_file_and_uses_no_number(
    intake: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(descriptor: int) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", failing)
        response = await intake.scanner.post({})
    assert (response.status_code, response.json()["type"]) == (503, "urn:vanthu:problem:storage-unavailable")
    assert intake.files == []
    assert await intake.scanner.number("the next") == 1


async def test_only_old_files_without_a_document_go_to_the_trash_and_later_for_good(intake: Running) -> None:
    answer = (await intake.scanner.post({})).json()
    (kept,) = intake.files
    folder = kept.parent
    old, part, young = folder / "orphan", folder / f"{answer['id']}.part", folder / "young"
    for path in (old, part, young):
        path.write_bytes(PDF)
    long_ago = time.time() - 25 * 3600
    for path in (kept, old, part):
        os.utime(path, (long_ago, long_ago))
    files = LocalFiles(intake.settings.data_folder / "files", 1)
    register = Register(intake.database, None, None, "UTC", 300)  # type: ignore[arg-type]
    sweeping = Sweeping(intake.settings, register, None, files)  # type: ignore[arg-type]
    assert await sweeping.sweep_orphans() == 2
    assert sorted(path.name for path in intake.files) == sorted([kept.name, "young"])
    trashed = sorted(path for path in files.trash.rglob("*") if path.is_file())
    assert [path.name for path in trashed] == sorted([part.name, "orphan"])
    os.utime(trashed[0], (time.time() - 61 * 86400,) * 2)
    assert await sweeping.sweep_orphans() == 0
    assert [path for path in files.trash.rglob("*") if path.is_file()] == trashed[1:]
    files.close()


async def test_keys_are_listed_without_secrets_and_end_when_revoked(intake: Running) -> None:
    keys = DeviceKeys(intake.database)
    text = await keys.create(NGHE_AN, "scanner-2", "incoming", "incoming-petitions")
    kid, _, secret = text.partition(".")
    (listed,) = [each for each in await keys.list(NGHE_AN) if each["kid"] == kid]
    assert (listed["office"], listed["book"], listed["revoked_at"]) == (NGHE_AN, "incoming-petitions", None)
    assert secret not in str(await intake.database["device_keys"].find().to_list(None))
    assert len(await keys.list()) == 4
    answer = await intake.client.post("/intake/api/v1/documents", headers=as_bearer(text))
    assert answer.status_code == 415
    basic = await intake.client.post("/intake/api/v1/documents", auth=(kid, secret))
    assert basic.status_code == 415
    assert await keys.revoke(kid)
    assert not await keys.revoke(kid)
    with pytest.raises(ValueError, match="no book"):
        await keys.create(NGHE_AN, "x", "outgoing", "incoming")
    with pytest.raises(ValueError, match="no name"):
        await keys.create("../etc", "x", "incoming", "incoming")
    for office in ("..", ".hidden", "a/b", "a\n", "", "a" * 65):
        with pytest.raises(ValueError, match="no name"):
            await keys.create(office, "x", "incoming", "incoming")
    for office in ("HaTinh", "ha-tinh.ubnd", "a" * 64):
        assert await keys.create(office, "Scanner.1", "incoming", "incoming")
    await asyncio.sleep(3.1)
    assert (await intake.client.post("/intake/api/v1/documents", headers=as_bearer(text))).status_code == 401


async def test_a_database_that_lets_dead_transactions_live_is_refused() -> None:
    class Lenient:
        client = admin = property(lambda self: self)

        async def command(self, question: object) -> dict[str, int]:
            return {"transactionLifetimeLimitSeconds": 60}

    with pytest.raises(Halted, match="transactionLifetimeLimitSeconds is 60"):
        await check_transaction_lifetime(Lenient())  # type: ignore[arg-type]


async def test_checks_can_walk_the_whole_register(intake: Running) -> None:
    for n in range(3):
        await intake.scanner.number(f"{n}")
    await intake.neighbour.number("n")
    register = Register(intake.database, None, None, "UTC", 300)  # type: ignore[arg-type]
    walked = [(row["office"], row["number"]) async for row in register.all_entries()]
    assert walked == [(HA_TINH, 1), (HA_TINH, 2), (HA_TINH, 3), (NGHE_AN, 1)]
    counts = [row async for row in register.count_per_book()]
    assert [(row["office"], row["book"], row["count"], row["highest"]) for row in counts] == [
        (HA_TINH, "incoming", 3, 3),
        (NGHE_AN, "incoming", 1, 1),
    ]
