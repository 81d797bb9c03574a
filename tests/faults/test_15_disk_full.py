"""Fault 15: no room on the disk of the files, of the register log, of MongoDB and of Kafka; and syncs that fail."""

import asyncio
import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from pymongo import MongoClient

from services.embedded import EmbeddedServers, Endpoints
from tests.faults.bad_syncs import BadSyncs
from tests.faults.conftest import LabOpener
from tests.faults.disk import small_disk
from tests.faults.evidence import gather
from tests.faults.judging.case import sender_of
from tests.faults.lab import OUTGOING, READERS, SCANNERS, Lab, opened_lab
from tests.faults.ledger import Paper, Sender, histories
from tests.faults.load import Senders
from tests.faults.papers import papers
from tests.faults.replica import Replica

FILES_MB, REGISTER_MB, MONGOD_MB, KAFKA_MB = 8, 1, 450, 300
CHECKPOINT_SECONDS = 3
ENDED_SECONDS, BACK_SECONDS = 240.0, 90.0


@pytest.mark.fault(15)
@pytest.mark.timeout(300)
@pytest.mark.parametrize(("part", "megabytes"), [("files", FILES_MB), ("register", REGISTER_MB)])
async def test_with_no_room_for_files_or_the_register_log_intake_says_so_and_goes_on_when_there_is(
    part: str, megabytes: int, seed: int, new_lab: LabOpener, figures: dict[str, Any]
) -> None:
    async with new_lab() as lab, lab.senders(seed) as senders:
        with small_disk(lab.place.data / part, megabytes) as disk:
            intake = lab.replica("intake", "intake")
            post = await _at_work(lab, senders, intake, seed)
            disk.fill()
            await _until_put_off(senders, post)
            figures["put off"] = await _all_put_off(senders, post, 12)
            assert not _parts(lab)
            disk.free()
            await _goes_on(lab, senders, post, figures)


@pytest.mark.fault(15)
@pytest.mark.quick
@pytest.mark.timeout(300)
async def test_with_syncs_that_fail_nobody_is_told_that_a_document_is_safe(
    seed: int, new_lab: LabOpener, figures: dict[str, Any]
) -> None:
    async with new_lab() as lab, lab.senders(seed) as senders:
        bad = lab.folder / "bad-disk"
        intake = lab.replica("intake", "intake", BAD_DISK=str(bad), BAD_FOLDER=str(lab.place.data))
        post = await _at_work(lab, senders, intake, seed)
        bad.touch()
        figures["put off"] = await _all_put_off(senders, post, 20)
        assert await _is_not_ready(intake)
        assert bad.stat().st_size >= figures["put off"]
        assert not _parts(lab)
        bad.unlink()
        await _goes_on(lab, senders, post, figures)


@pytest.mark.fault(15)
@pytest.mark.timeout(300)
async def test_with_a_register_log_that_does_not_sync_nobody_is_told_a_number_before_it_is_safe(
    seed: int, new_lab: LabOpener, figures: dict[str, Any]
) -> None:
    """Files are synced, numbers are committed, and only the log's own sync is missing."""
    async with new_lab() as lab, lab.senders(seed) as senders:
        bad = lab.folder / "bad-register"
        intake = lab.replica("intake", "intake", BAD_DISK=str(bad), BAD_FOLDER=str(lab.place.data / "register"))
        post = await _at_work(lab, senders, intake, seed)
        bad.touch()
        figures["put off"] = await _all_put_off(senders, post, 20)
        for paper in list(senders.open):  # again, while it does not sync: the number that it has is no answer yet
            assert (await senders.post(paper))[0] == "unknown"
        figures["syncs that failed"] = bad.stat().st_size
        assert figures["syncs that failed"] > 0
        numbers = await _numbers_of(lab, senders.open)
        assert len(numbers) == figures["put off"], "nothing was numbered before the log failed"
        bad.unlink()
        for paper in senders.open:
            await senders.until_accepted(paper, BACK_SECONDS)
        again, senders.open = senders.open, []
        assert await _numbers_of(lab, again) == numbers
        assert _told(lab, again) == numbers
        await _goes_on(lab, senders, post, figures)


@pytest.mark.fault(15)
@pytest.mark.timeout(900)
@pytest.mark.parametrize("server", ["mongod", "kafka"])
async def test_with_no_room_for_a_server_nothing_is_lost_and_the_services_go_on_when_it_is_back(
    server: str, seed: int, tmp_path: Path, figures: dict[str, Any]
) -> None:
    megabytes = {"mongod": MONGOD_MB, "kafka": KAFKA_MB}[server]
    with small_disk(tmp_path / server, megabytes) as disk, _servers(tmp_path) as servers:
        endpoints = Endpoints(servers["mongod"].start().mongo_url, servers["kafka"].start().kafka_bootstrap)
        await _server_lost(endpoints, servers[server], server, disk.fill, disk.free, seed, tmp_path, figures)


@pytest.mark.fault(15)
@pytest.mark.timeout(900)
@pytest.mark.parametrize("server", ["mongod", "kafka"])
async def test_when_a_servers_syncs_fail_nothing_is_lost_and_the_services_go_on_when_it_is_back(
    server: str, seed: int, tmp_path: Path, figures: dict[str, Any]
) -> None:
    syncs = BadSyncs()
    with _servers(tmp_path) as servers:
        started = {}
        for name, each in servers.items():
            with syncs.of_what_is_launched() if name == server else nullcontext():
                started[name] = each.start()
        endpoints = Endpoints(started["mongod"].mongo_url, started["kafka"].kafka_bootstrap)
        await _server_lost(
            endpoints,
            servers[server],
            server,
            partial(setattr, syncs, "failing", True),
            _nothing,
            seed,
            tmp_path,
            figures,
        )
    figures["syncs that succeeded"], figures["syncs that failed"] = syncs.asked - syncs.failed, syncs.failed
    assert figures["syncs that succeeded"] > 0
    assert figures["syncs that failed"] > 0


@contextmanager
def _servers(folder: Path) -> Iterator[dict[str, EmbeddedServers]]:
    """Of this test's own, not started yet."""
    mongo = EmbeddedServers(folder / "mongod", kafka_bootstrap="unused:1")
    kafka = EmbeddedServers(folder / "kafka", mongo_url="mongodb://unused:1")
    try:
        yield {"mongod": mongo, "kafka": kafka}
    finally:
        for each in (mongo, kafka):
            each.stop()


async def _server_lost(
    endpoints: Endpoints,
    lost: EmbeddedServers,
    name: str,
    break_disk: Callable[[], object],
    mend_disk: Callable[[], object],
    seed: int,
    folder: Path,
    figures: dict[str, Any],
) -> None:
    chance = random.Random(seed)
    _write_often(endpoints.mongo_url)
    async with opened_lab(endpoints, folder / "lab") as lab, lab.senders(seed) as senders:
        await lab.start(lab.replica("intake", "intake"), lab.replica("readers", *READERS))
        post = papers(seed, SCANNERS, outgoing=OUTGOING, refused_share=0)
        await senders.work(post, count=chance.randint(20, 40), connections=chance.randint(1, 8))
        figures["seconds until the server ended"] = await _until_ended(lost, name, break_disk, senders, post)
        mend_disk()
        lost.stop()
        lost.start()
        await _goes_on(lab, senders, post, figures)


def _nothing() -> None:
    """A server that is started anew has a disk that syncs."""


def _write_often(mongo_url: str) -> None:
    """mongod writes to its files at checkpoints; its own pause is a minute."""
    with MongoClient[dict[str, Any]](mongo_url) as client:
        client.admin.command("setParameter", 1, syncdelay=CHECKPOINT_SECONDS)


async def _until_ended(
    servers: EmbeddedServers, name: str, break_disk: Callable[[], object], senders: Senders, post: Iterator[Paper]
) -> float:
    """A server that cannot write ends; its supervisor is we. Scanners post meanwhile."""
    started = time.monotonic()
    break_disk()
    while servers.ended() != [name]:
        await _post(senders, post, 8)
        assert time.monotonic() - started < ENDED_SECONDS, f"{name} goes on with a bad disk"
    await _post(senders, post, 8)
    return round(time.monotonic() - started, 1)


async def _post(senders: Senders, post: Iterator[Paper], count: int) -> None:
    """Once each, at the same time: without MongoDB whoever asks again would wait again."""
    waiting = [next(post) for _ in range(count)]
    outcomes = [outcome for outcome, _ in await asyncio.gather(*map(senders.post, waiting))]
    senders.open += [each for each, outcome in zip(waiting, outcomes, strict=True) if outcome == "unknown"]


async def _at_work(lab: Lab, senders: Senders, intake: Replica, seed: int) -> Iterator[Paper]:
    """All services, which have some documents by now. What is to be posted next."""
    await lab.start(intake, lab.replica("readers", *READERS))
    post = papers(seed, SCANNERS, outgoing=OUTGOING, refused_share=0)
    chance = random.Random(seed)
    await senders.work(post, count=chance.randint(10, 40), connections=chance.randint(1, 8))
    return post


async def _until_put_off(senders: Senders, post: Iterator[Paper]) -> None:
    """A few more lines may still find room in the last block."""
    for _ in range(200):
        if await _is_put_off(senders, next(post)):
            return
    raise AssertionError("the disk is full, and everything is accepted")


async def _all_put_off(senders: Senders, post: Iterator[Paper], count: int) -> int:
    answers = await asyncio.gather(*(_is_put_off(senders, next(post)) for _ in range(count)))
    assert all(answers)
    return count


async def _is_put_off(senders: Senders, paper: Paper) -> bool:
    outcome, answer = await senders.post(paper)
    assert answer is not None
    if outcome == "ok":
        return False
    assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json"), answer.text
    assert answer.json()["remedy"]
    senders.open.append(paper)
    return True


async def _numbers_of(lab: Lab, sent: Sequence[Paper]) -> dict[Sender, int]:
    """What the register has given them."""
    wanted = {paper.sender for paper in sent}
    rows = (await gather(lab.place)).documents
    return {sender: row["number"] for row in rows if (sender := sender_of(row)) in wanted}


def _told(lab: Lab, sent: Sequence[Paper]) -> dict[Sender, int]:
    """What their senders were told."""
    known = histories(lab.ledger.path)
    return {paper.sender: known[paper.sender].answers[-1]["number"] for paper in sent}


async def _is_not_ready(intake: Replica) -> bool:
    async with httpx.AsyncClient(base_url=intake.url, timeout=10) as client:
        answer = await client.get("/intake/health/ready")
    return answer.status_code == 503 and "file store" in answer.text


def _parts(lab: Lab) -> list[Path]:
    return list((lab.place.data / "files").glob("*/*/*.part"))


async def _goes_on(lab: Lab, senders: Senders, post: Iterator[Paper], figures: dict[str, Any]) -> None:
    """By itself: the services are the same processes as before."""
    figures["seconds until the first document"] = round(await senders.until_accepted(next(post), BACK_SECONDS), 2)
    await senders.settle()
    await senders.work(post, count=30, connections=4)
    figures["seconds until quiet"] = round(await lab.until_quiet(BACK_SECONDS), 2)
    figures |= await lab.judge()
    assert all(each.alive for each in lab.replicas.values())
    assert any("unknown" in each.outcomes for each in histories(lab.ledger.path).values()) or "put off" not in figures
