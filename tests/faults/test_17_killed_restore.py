"""Fault 17: a restore or a recovery is killed, and run again as if nothing had been."""

import asyncio
import random
import shutil
import uuid
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient

from tests.cli.vanthu import Vanthu
from tests.faults.answered import Answered
from tests.faults.conftest import LabOpener
from tests.faults.evidence import Row
from tests.faults.lab import OUTGOING, READERS, SCANNERS, Lab
from tests.faults.papers import papers

DOCUMENTS = 24
HANDLED = 8
RESTORE_POINTS = [
    "restore begun:2", "collection restored:3", "collection restored:12", "folder restored:1", "folder restored:2",
    "restore begun:6", "recovery begun:1", "register complete:1", "epoch finished:2",
]  # fmt: skip
RECOVERY_POINTS = [
    "recovery begun:1", "events put back:1", "documents registered:1", "register complete:1", "assignment adopted:1",
    "office said anew:1", "everybody agrees:1", "epoch finished:2",
]  # fmt: skip
KEPT = {
    "intake": ("documents", "books", "device_keys", "switches"),
    "routing": ("assignments", "loads", "copies", "offices"),
    "notify": ("audiences", "notices"),
    "reporting": ("facts_1",),
}
COUNTED_PER_RUN = {"version", "source_epoch", "source_version"}  # what is said anew is counted on


@pytest.mark.fault(17)
@pytest.mark.timeout(900)
async def test_a_restore_that_is_killed_anywhere_and_run_again_ends_as_if_it_never_was(
    seed: int, new_lab: LabOpener, figures: dict[str, Any]
) -> None:
    async with new_lab() as lab:
        backup = await _backed_up(lab, seed)
        command = ("restore", str(backup), "--yes")
        await asyncio.to_thread((whole := _new_ground(lab, "whole")).run, *command)
        expected = _picture(whole)
        grounds = [_new_ground(lab, point.replace(":", " ")) for point in RESTORE_POINTS]
        for vanthu, point in zip(grounds, RESTORE_POINTS, strict=True):
            await asyncio.to_thread(vanthu.killed, point, *command)
            await asyncio.to_thread(vanthu.run, *command)
            assert _picture(vanthu) == expected, point
        figures["kills"] = len(grounds)
        await asyncio.to_thread(_works, random.Random(seed).choice(grounds))


@pytest.mark.fault(17)
@pytest.mark.timeout(900)
async def test_a_recovery_that_is_killed_anywhere_and_run_again_ends_as_if_it_never_was(
    seed: int, new_lab: LabOpener, figures: dict[str, Any]
) -> None:
    async with new_lab() as lab:
        backup = await _backed_up(lab, seed)
        restored = [_beside_newer_files(lab, backup, number) for number in range(len(RECOVERY_POINTS) + 1)]
        await asyncio.to_thread(restored[-1].run, "recover", "--yes")
        expected = _picture(restored[-1])
        assert len(expected["intake.documents"]) >= 2 * DOCUMENTS
        for vanthu, point in zip(restored[:-1], RECOVERY_POINTS, strict=True):
            await asyncio.to_thread(vanthu.killed, point, "recover", "--yes")
            await asyncio.to_thread(vanthu.run, "recover", "--yes")
            assert _picture(vanthu) == expected, point
        figures["kills"] = len(RECOVERY_POINTS)
        await asyncio.to_thread(_works, random.Random(seed).choice(restored[:-1]))


async def _backed_up(lab: Lab, seed: int) -> Path:
    """Of half of the documents and of nothing that people did since."""
    intake, readers = lab.replica("intake", "intake"), lab.replica("readers", *READERS)
    async with lab.senders(seed) as senders:
        await lab.start(intake, readers)
        post = papers(seed, SCANNERS, outgoing=OUTGOING, refused_share=0)
        await senders.work(post, count=DOCUMENTS, connections=4)
        await lab.until_quiet(60)
        backup = lab.folder / "backup"
        await asyncio.to_thread(lab.vanthu.run, "backup", str(backup))
        await senders.work(post, count=DOCUMENTS, connections=4)
        await senders.settle()
        await lab.until_quiet(60)
        with MongoClient[Row](lab.place.mongo_url) as client:
            documents = client[f"{lab.place.prefix}_intake"]["documents"]
            ids = [row["_id"] for row in documents.find({"direction": "incoming"}).sort("_id", 1)]
        staff = Answered(lab, intake.url, readers.url)
        await staff.work_on(ids[:HANDLED], random.Random(seed))
        await lab.until_quiet(60)
    for each in (intake, readers):
        assert await each.terminate() == 0
    return backup


def _new_ground(lab: Lab, name: str) -> Vanthu:
    """Nothing of the old databases, topics and folders is there."""
    prefix = f"n{uuid.uuid4().hex[:10]}"
    env = {**lab.vanthu.env, "VANTHU_MONGO_DATABASE_PREFIX": prefix, "VANTHU_KAFKA_TOPIC_PREFIX": prefix}
    vanthu = replace(lab.vanthu, env=env, data=lab.folder / name / "data")
    vanthu.data.parent.mkdir()
    vanthu.run("topics", "create")
    return vanthu


def _beside_newer_files(lab: Lab, backup: Path, number: int) -> Vanthu:
    """Databases of their own as they were at the backup; Kafka, and a copy of the folder, as they are now."""
    env = {**lab.vanthu.env, "VANTHU_MONGO_DATABASE_PREFIX": f"n{uuid.uuid4().hex[:10]}"}
    vanthu = replace(lab.vanthu, env=env, data=lab.folder / f"restored {number}" / "data")
    shutil.copytree(lab.place.data, vanthu.data)
    vanthu.run("restore", str(backup), "--databases-only", "--yes")
    return vanthu


def _picture(vanthu: Vanthu) -> dict[str, dict[str, Any]]:
    """All rows that services would go on with, of whom the journals tell, and what stands in the folders."""
    prefix, seen = vanthu.env["VANTHU_MONGO_DATABASE_PREFIX"], dict[str, dict[str, Any]]()
    with MongoClient[Row](vanthu.env["VANTHU_MONGO_URL"], tz_aware=True) as client:
        for service, collections in KEPT.items():
            database = client[f"{prefix}_{service}"]
            for name in collections:
                seen[f"{service}.{name}"] = {str(row["_id"]): _lasting(row) for row in database[name].find()}
            seen[f"{service} said of"] = dict.fromkeys(database["events"].distinct("key"))
            seen[f"{service} is closed"] = dict.fromkeys(database["epochs"].distinct("unfinished"))
    for name in ("files", "register"):
        places = [each for each in (vanthu.data / name).rglob("*") if each.is_file()]
        seen[name] = {str(each.relative_to(vanthu.data)): each.read_bytes() for each in places}
    return seen


def _lasting(row: Row) -> Row:
    return {name: value for name, value in row.items() if name not in COUNTED_PER_RUN}


def _works(vanthu: Vanthu) -> None:
    with vanthu.up():
        vanthu.run("check", "--wait", "90")
