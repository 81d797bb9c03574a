"""A 2xx means that the bytes are there, whoever takes files away meanwhile: an erasure, a sweep, a hand."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services.chassis.errors import OutcomeUnknown
from services.intake.files import SMALL_BYTES, LocalDraft, LocalFiles
from services.intake.in_flight import UNCLEAR_SECONDS, is_held, may_get_a_number
from services.intake.register_log import RegisterLog
from services.intake.store import Register
from services.intake.sweeping import Sweeping
from services.intake.writer import Writer
from tests.intake.conftest import Running
from tests.intake.scanner import PDF, pdf
from tests.intake.test_numbering import arrival
from tests.offices import HA_TINH

ID = "01945c2e-7a10-7c3b-9d57-3f0b6a4c1e11"
PIECE = b"x" * (SMALL_BYTES + 1)


@pytest.fixture
async def files(tmp_path: Path) -> AsyncIterator[LocalFiles]:
    result = LocalFiles(tmp_path / "files", 2)
    yield result
    result.close()


async def kept(files: LocalFiles, content: bytes = PDF) -> LocalDraft:
    draft = files.begin(HA_TINH, ID)
    await draft.write(content)
    await draft.keep(lambda _: None)
    return draft


def only_file(files: LocalFiles) -> Path:
    (path,) = (each for each in files.folder.rglob("*") if each.is_file())
    return path


async def test_a_file_that_is_taken_away_in_mid_upload_is_not_begun_anew_in_the_middle(files: LocalFiles) -> None:
    draft = files.begin(HA_TINH, ID)
    await draft.write(PIECE)
    only_file(files).unlink()
    await draft.write(PIECE)
    with pytest.raises(OSError, match="No such file"):
        await draft.keep(lambda _: None)
    assert not [each for each in files.folder.rglob("*") if each.is_file()]


async def test_a_file_that_is_taken_away_as_it_gets_its_name_is_not_kept(
    files: LocalFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "services.intake.files.sync_folder", lambda _: files.path_of(HA_TINH, ID).unlink(missing_ok=True)
    )
    with pytest.raises(FileNotFoundError, match="taken away"):
        await kept(files)


async def test_a_file_is_held_from_its_first_byte_until_its_number_is_settled(files: LocalFiles) -> None:
    draft = files.begin(HA_TINH, ID)
    await draft.write(PIECE)
    assert is_held(only_file(files))
    await draft.keep(lambda _: None)
    assert is_held(only_file(files))
    draft.let_go(clear=True)
    assert not is_held(only_file(files))


async def test_a_discarded_file_is_held_by_nobody_also_when_its_sender_goes_in_mid_write(files: LocalFiles) -> None:
    for cancelled in (False, True):
        draft = files.begin(HA_TINH, ID)
        work = asyncio.ensure_future(draft.write(PIECE))
        if cancelled:
            await asyncio.sleep(0)
            work.cancel()
        await asyncio.gather(work, return_exceptions=True)
        await draft.discard()
        files.close()
        assert not [each for each in files.folder.rglob("*") if each.is_file()]
        assert draft._descriptor is None
        files = LocalFiles(files.folder, 2)


async def test_a_thread_that_begins_after_its_upload_was_discarded_leaves_nothing(files: LocalFiles) -> None:
    draft = files.begin(HA_TINH, ID)
    await draft.discard()
    with pytest.raises(FileNotFoundError, match="discarded"):
        draft._spill()
    assert not [each for each in files.folder.rglob("*") if each.is_file()]


async def test_who_was_told_nothing_certain_may_still_get_a_number_for_a_few_seconds(files: LocalFiles) -> None:
    draft = await kept(files)
    path = only_file(files)
    os.utime(path, (0, 0))
    assert may_get_a_number(path)
    draft.let_go(clear=False)
    assert may_get_a_number(path)
    os.utime(path, (path.stat().st_mtime - UNCLEAR_SECONDS,) * 2)
    assert not may_get_a_number(path)


class Undecided:
    """A register whose commit takes until the test says how it ended."""

    def __init__(self) -> None:
        self.ends: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def number(self, arrivals: object) -> list[dict[str, object]]:
        await self.ends
        raise AssertionError


async def test_a_number_that_is_under_way_is_waited_for_although_the_sender_has_gone() -> None:
    told: list[bool] = []
    register = Undecided()
    writer = Writer(register, None, 10, lambda _: None)  # type: ignore[arg-type]

    def settled(*, clear: bool) -> None:
        told.append(clear)

    sender = asyncio.create_task(writer.register(arrival("office"), settled))
    await asyncio.sleep(0.05)
    sender.cancel()
    await asyncio.gather(sender, return_exceptions=True)
    assert told == []
    register.ends.set_exception(OutcomeUnknown("lost"))
    await writer.stop()
    assert told == [False]


async def test_a_clock_that_jumps_a_day_takes_no_file_from_an_upload(intake: Running, files: LocalFiles) -> None:
    """Its age says nothing then: the sweeper of any process sees that somebody holds it."""
    draft = await kept(files)
    os.utime(only_file(files), (0, 0))
    log = RegisterLog(intake.settings.data_folder / "other-register")
    register = Register(intake.database, None, None, "UTC", 300)  # type: ignore[arg-type]
    sweeping = Sweeping(intake.settings, register, log, files)
    assert await sweeping.sweep_orphans() == 0
    assert only_file(files) == files.path_of(HA_TINH, ID)
    draft.let_go(clear=True)
    assert await sweeping.sweep_orphans() == 1


async def test_an_upload_whose_file_vanishes_is_told_to_send_it_again_and_gets_no_number(
    intake: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.rename

    def taken_first(source: str, target: str) -> None:
        Path(source).unlink()
        real(source, target)

    monkeypatch.setattr("services.intake.files.os.rename", taken_first)
    answer = await intake.scanner.post({}, pdf("a"))
    assert (answer.status_code, answer.json()["type"]) == (503, "urn:vanthu:problem:storage-unavailable")
    monkeypatch.undo()
    assert await intake.scanner.number("b") == 1


async def test_uploads_leave_nothing_held_whatever_becomes_of_them(intake: Running) -> None:
    await intake.scanner.post({}, pdf("a"), Idempotency_Key="a")
    await intake.scanner.post({}, pdf("a"), Idempotency_Key="a")
    await asyncio.gather(*(intake.scanner.post({}, pdf("b"), Idempotency_Key="b") for _ in range(4)))
    await intake.scanner.post({}, pdf("c"), Idempotency_Key="a")
    await intake.scanner.post({}, pdf("d"), Content_Digest="sha-256=:" + "A" * 43 + "=:")
    held = [each.readlink() for each in Path("/proc/self/fd").iterdir() if each.is_symlink()]
    assert not [each for each in held if each.is_relative_to(intake.settings.data_folder / "files")]
    assert len(intake.files) == 2
