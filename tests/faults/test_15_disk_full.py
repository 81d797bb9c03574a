"""Fault 15: no room on the disk of the files, of the register log, of MongoDB and of Kafka; and syncs that fail."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
from pymongo import MongoClient

from services.embedded import EmbeddedServers, Endpoints
from tests.faults.conftest import LabOpener
from tests.faults.disk import SmallDisk, small_disk
from tests.faults.lab import OUTGOING, READERS, SCANNERS, Lab, opened_lab
from tests.faults.ledger import Paper, histories
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
            await lab.start(intake, lab.replica("readers", *READERS))
            post = papers(seed, SCANNERS, outgoing=OUTGOING, refused_share=0)
            await senders.work(post, count=30, connections=4)
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
        intake = lab.replica("intake", "intake", BAD_DISK=str(bad))
        await lab.start(intake, lab.replica("readers", *READERS))
        post = papers(seed, SCANNERS, outgoing=OUTGOING, refused_share=0)
        await senders.work(post, count=30, connections=4)
        bad.touch()
        figures["put off"] = await _all_put_off(senders, post, 20)
        assert await _is_not_ready(intake)
        assert bad.stat().st_size >= figures["put off"]
        assert not _parts(lab)
        bad.unlink()
        await _goes_on(lab, senders, post, figures)


@pytest.mark.fault(15)
@pytest.mark.timeout(900)
@pytest.mark.parametrize("server", ["mongod", "kafka"])
async def test_with_no_room_for_a_server_nothing_is_lost_and_the_services_go_on_when_it_is_back(
    server: str, seed: int, tmp_path: Path, figures: dict[str, Any]
) -> None:
    with ExitStack() as opened:
        disk = opened.enter_context(small_disk(tmp_path / server, {"mongod": MONGOD_MB, "kafka": KAFKA_MB}[server]))
        mongo = EmbeddedServers(tmp_path / "mongod", kafka_bootstrap="unused:1")
        kafka = EmbeddedServers(tmp_path / "kafka", mongo_url="mongodb://unused:1")
        for each in (mongo, kafka):
            opened.callback(each.stop)
        endpoints = Endpoints(mongo.start().mongo_url, kafka.start().kafka_bootstrap)
        _write_often(endpoints.mongo_url)
        async with opened_lab(endpoints, tmp_path / "lab") as lab, lab.senders(seed) as senders:
            await lab.start(lab.replica("intake", "intake"), lab.replica("readers", *READERS))
            post = papers(seed, SCANNERS, outgoing=OUTGOING, refused_share=0)
            await senders.work(post, count=40, connections=4)
            full = {"mongod": mongo, "kafka": kafka}[server]
            figures["seconds until the server ended"] = await _until_ended(full, server, disk, senders, post)
            disk.free()
            full.stop()
            full.start()
            await _goes_on(lab, senders, post, figures)


def _write_often(mongo_url: str) -> None:
    """mongod writes to its files at checkpoints; its own pause is a minute."""
    with MongoClient[dict[str, Any]](mongo_url) as client:
        client.admin.command("setParameter", 1, syncdelay=CHECKPOINT_SECONDS)


async def _until_ended(
    servers: EmbeddedServers, name: str, disk: SmallDisk, senders: Senders, post: Iterator[Paper]
) -> float:
    """A server whose disk is full ends; its supervisor is we. Scanners post meanwhile."""
    started = time.monotonic()
    disk.fill()
    while servers.ended() != [name]:
        await senders.work(post, count=8, connections=4)
        assert time.monotonic() - started < ENDED_SECONDS, f"{name} goes on with a full disk"
    await senders.work(post, count=8, connections=4)
    return round(time.monotonic() - started, 1)


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
