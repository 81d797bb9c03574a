"""Fault 18: a state secret is recognised late, and erased while a rebuild has old words of it in its hands."""

import asyncio
import os
import random
import signal
import subprocess
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from pymongo import MongoClient

from tests.faults.canary import places_with
from tests.faults.conftest import LabOpener
from tests.faults.generations import live_and_rebuilt
from tests.faults.lab import OFFICE, READERS, SCANNERS, SERVICES, Lab
from tests.faults.ledger import Paper
from tests.faults.new_ground import move_to_new_ground
from tests.faults.papers import papers
from tests.faults.replica import Replica
from tests.faults.traffic import traffic
from tests.nursery import Forked, Job, start

METRICS_TOKEN = "t" * 24
OFFICER = "can-bo-bao-mat"
STRIKE_SECONDS = 60.0
LIST = "erasures.list"
ERASURE_POINTS = [
    "erased, not listed", "erasure listed", "copies destroyed", "files destroyed", "journal blanked", "Kafka emptied"
]  # fmt: skip
EVERYWHERE = {
    "collection intake.documents", "collection intake.events", "collection routing.assignments",
    "collection routing.events", "collection notify.audiences", "collection notify.notices",
    "collection reporting.facts_1", "collection reporting.dead_letters", "file files", "file files.part",
    "file trash", "file register", "topic documents", "topic assignments",
}  # fmt: skip


@dataclass
class Office:
    """What a person does with a document through the services' own APIs."""

    lab: Lab
    client: httpx.AsyncClient
    tokens: dict[str, str]

    async def do(self, person: str, address: str, body: dict[str, Any] | None = None, method: str = "POST") -> Any:
        headers = {"Authorization": f"Bearer {self.tokens[person]}"}
        answer = await self.client.request(method, address, json=body, headers=headers)
        assert answer.status_code == 200, f"{address}: {answer.text}"
        return answer.json()


@pytest.mark.fault(18)
@pytest.mark.timeout(600)
async def test_of_a_secret_that_is_erased_while_facts_are_rebuilt_only_its_number_is_left(
    seed: int, new_lab: LabOpener, figures: dict[str, Any]
) -> None:
    async with new_lab() as lab, lab.senders(seed) as senders, httpx.AsyncClient(timeout=30) as client:
        lab.vanthu.env["VANTHU_METRICS_TOKEN"] = METRICS_TOKEN
        one, two = lab.replica("intake one", "intake"), lab.replica("intake two", "intake")
        readers, reporting = lab.replica("readers", "routing", "notify"), lab.replica("reporting", "reporting")
        replicas = [one, two, readers, reporting]
        await lab.start(*replicas)
        office = Office(lab, client, {"van-thu": lab.token, OFFICER: _token(lab, OFFICER)})
        post = papers(seed, SCANNERS, refused_share=0)
        await senders.work(post, count=40, connections=4)
        secret = f"CANARY{seed}x{os.urandom(8).hex()}"
        marked = [_marked(next(post), secret) for _ in range(2)]

        ids = []
        for paper, replica in zip(marked, (one, two), strict=True):
            _, answer = await senders.post(paper, replica.url, file_name=f"{secret}.pdf")
            assert answer is not None
            assert answer.status_code == 201, answer.text
            ids.append(answer.json()["id"])
        await lab.until_quiet()
        await reporting.terminate()
        reporting.start("bug:reporting:1")
        await reporting.until_ready()
        for id in ids:
            await _spread(office, one, readers, id, secret)
        await lab.until_quiet()
        assert reporting.struck.exists()
        await reporting.terminate()
        await lab.start(reporting)
        _leave_behind(lab.place.data, ids[0], secret)
        assert await places_with(secret, lab.place, lab.folder, replicas, METRICS_TOKEN) >= EVERYWHERE

        rebuild = await _frozen_rebuild(lab)
        await _seal_and_confirm(office, one, ids, secret)
        refused = await asyncio.to_thread(lab.vanthu.run, "erase", await _ordinary(lab), "--yes", succeeds=False)
        assert refused.returncode == 1
        assert "not sealed" in refused.stderr
        await two.terminate()  # its register log is nobody's now
        replicas.remove(two)
        await lab.until_quiet()
        async with traffic(senders, post, connections=2):
            started = time.monotonic()
            for id in ids:
                await asyncio.to_thread(_erase, lab, id)
            figures["seconds to erase two documents"] = round(time.monotonic() - started, 1)
            assert _is_building(lab), "the rebuild was over before the erasure"
            assert rebuild.poll() is None
            await _goes_on(lab, rebuild)
        await senders.settle()
        await lab.until_quiet()
        live, rebuilt = await asyncio.to_thread(live_and_rebuilt, lab.place)
        assert rebuilt == live
        async with traffic(senders, post, connections=2):
            os.kill(rebuild.pid, signal.SIGCONT)
            assert await asyncio.to_thread(rebuild.wait, 120) == 0, _said(lab)
        assert not _is_building(lab)
        await lab.start(two)
        replicas.append(two)
        await senders.settle()
        await _retries_are_told(senders, marked)
        figures["seconds until quiet"] = round(await lab.until_quiet(), 2)
        assert await places_with(secret, lab.place, lab.folder, replicas, METRICS_TOKEN) == set()
        figures |= await lab.judge(erased=ids)
        await asyncio.to_thread(lab.vanthu.run, "check")


@pytest.mark.fault(18)
@pytest.mark.timeout(600)
async def test_an_erasure_that_is_killed_at_any_step_is_finished_by_running_it_again(
    seed: int, new_lab: LabOpener, figures: dict[str, Any]
) -> None:
    async with new_lab() as lab, lab.senders(seed) as senders, httpx.AsyncClient(timeout=30) as client:
        lab.vanthu.env["VANTHU_METRICS_TOKEN"] = METRICS_TOKEN
        intake, readers = lab.replica("intake", "intake"), lab.replica("readers", *READERS)
        await lab.start(intake, readers)
        await lab.until_quiet()  # until all have heard of the people
        office = Office(lab, client, {"van-thu": lab.token, OFFICER: _token(lab, OFFICER)})
        post = papers(seed, SCANNERS, refused_share=0)
        chance = random.Random(seed)
        secret, ids = f"CANARY{seed}x{os.urandom(8).hex()}", []
        for point in chance.sample(ERASURE_POINTS, len(ERASURE_POINTS)):
            _, answer = await senders.post(_marked(next(post), secret))
            assert answer is not None
            ids.append(answer.json()["id"])
            _lay_about(lab.place.data, ids[-1])
            await _seal_and_confirm(office, intake, ids[-1:], secret)
            await asyncio.to_thread(lab.vanthu.killed, f"{point}:1", "erase", ids[-1], "--yes")
            await _cannot_be_unsealed(office, intake, ids[-1])
            await senders.work(post, count=chance.randint(1, 9), connections=2)
        for id in chance.sample(ids, len(ids)):
            done = await asyncio.to_thread(lab.vanthu.json, "erase", id, "--yes")
            assert done["destroyed"][0]["document_id"] == id
            assert done["destroyed"][0]["same_bytes"] == []
        figures["seconds until quiet"] = round(await lab.until_quiet(), 2)
        assert await places_with(secret, lab.place, lab.folder, [intake, readers], METRICS_TOKEN) == set()
        figures |= await lab.judge(erased=ids)
        await asyncio.to_thread(lab.vanthu.run, "check")


@pytest.mark.fault(18)
@pytest.mark.timeout(600)
@pytest.mark.parametrize("lost", ["the databases", "the whole machine"])
async def test_what_was_erased_after_a_backup_is_erased_again_when_that_is_restored(
    lost: str, seed: int, new_lab: LabOpener, figures: dict[str, Any]
) -> None:
    async with new_lab() as lab, lab.senders(seed) as senders, httpx.AsyncClient(timeout=30) as client:
        lab.vanthu.env["VANTHU_METRICS_TOKEN"] = METRICS_TOKEN
        intake, readers = lab.replica("intake", "intake"), lab.replica("readers", *READERS)
        await lab.start(intake, readers)
        await lab.until_quiet()  # until all have heard of the people
        office = Office(lab, client, {"van-thu": lab.token, OFFICER: _token(lab, OFFICER)})
        post = papers(seed, SCANNERS, refused_share=0)
        secret = f"CANARY{seed}x{os.urandom(8).hex()}"
        _, answer = await senders.post(_marked(next(post), secret))
        assert answer is not None
        id = answer.json()["id"]
        await _spread(office, intake, readers, id, secret)
        await lab.until_quiet()
        backup = lab.folder / "backup"
        await asyncio.to_thread(lab.vanthu.run, "backup", str(backup))
        await _seal_and_confirm(office, intake, [id], secret)
        await asyncio.to_thread(_erase, lab, id)
        if lost == "the databases":
            await senders.work(post, count=20, connections=4)
        await lab.until_quiet()
        for each in (intake, readers):
            await each.terminate()

        await (_restore_databases if lost == "the databases" else _restore_all)(lab, backup)
        brought_back = await places_with(secret, lab.place, lab.folder, [], METRICS_TOKEN)
        assert len(brought_back) >= 6
        assert ("file files" in brought_back) == (lost == "the whole machine")
        _put_newest_list(lab)
        intake, readers = lab.replica("intake", "intake"), lab.replica("readers", *READERS)
        recovered = await asyncio.to_thread(lab.vanthu.json, "recover", "--yes")
        assert recovered["erased_again"] == [id]
        await lab.start(intake, readers)
        await asyncio.to_thread(lab.vanthu.run, "erase", "--again", "--yes")
        await senders.work(post, count=20, connections=4)
        figures["seconds until quiet"] = round(await lab.until_quiet(90), 2)
        assert await places_with(secret, lab.place, lab.folder, [intake, readers], METRICS_TOKEN) == set()
        figures |= await lab.judge(erased=[id])
        await asyncio.to_thread(lab.vanthu.run, "check", "--wait", "30")


async def _restore_databases(lab: Lab, backup: Path) -> None:
    with MongoClient[dict[str, Any]](lab.place.mongo_url) as databases:
        for name in SERVICES:
            databases.drop_database(f"{lab.place.prefix}_{name}")
    await asyncio.to_thread(lab.vanthu.run, "restore", str(backup), "--databases-only", "--yes")


async def _restore_all(lab: Lab, backup: Path) -> None:
    """With the files, the secret one among them; of the lost machine there is nothing but the list of erasures."""
    (lab.folder / LIST).write_bytes((lab.place.data / "register" / LIST).read_bytes())
    move_to_new_ground(lab)
    await asyncio.to_thread(lab.vanthu.run, "restore", str(backup), "--yes")


def _put_newest_list(lab: Lab) -> None:
    """As the page on backups says; where the data folder was never lost it is there."""
    saved = lab.folder / LIST
    if saved.exists():
        (lab.place.data / "register" / LIST).write_bytes(saved.read_bytes())


def _lay_about(data: Path, id: str) -> None:
    """The same bytes, whole and in part, under names of no document: what a kill between file and number leaves."""
    (kept,) = (data / "files").glob(f"*/*/{id}")
    kept.with_name(str(uuid.uuid4())).write_bytes(kept.read_bytes())
    kept.with_name(f"{uuid.uuid4()}.part").write_bytes(kept.read_bytes())
    thrown = data / "trash" / kept.relative_to(data / "files").with_name(str(uuid.uuid4()))
    thrown.parent.mkdir(parents=True, exist_ok=True)
    thrown.write_bytes(kept.read_bytes())


async def _cannot_be_unsealed(office: Office, intake: Replica, id: str) -> None:
    """What an erasure has begun with stays erased: its words may be gone from anywhere by now."""
    address = f"{intake.url}/intake/api/v1/documents/{id}/unseal"
    headers = {"Authorization": f"Bearer {office.tokens[OFFICER]}"}
    said = {"expected_version": 2, "reason": "false_alarm"}
    answer = await office.client.post(address, json=said, headers=headers)
    assert answer.status_code == 409, f"unsealed although it was being erased: {answer.text}"
    assert answer.json()["type"] == "urn:vanthu:problem:erased"


def _token(lab: Lab, person: str) -> str:
    made = lab.vanthu.json("token", "create", "--office", OFFICE, "--person", person)
    return str(made["token"])


def _marked(paper: Paper, secret: str) -> Paper:
    said = {**paper.metadata, "subject": f"V/v {secret}", "issuer": f"Sở {secret}", "symbol": f"1/{secret}"}
    content = paper.content + f"\n% {secret}\n".encode()
    return Paper(SCANNERS[0], paper.key, "documents", {**said, "issuer_level": "locality"}, content)


async def _spread(office: Office, intake: Replica, readers: Replica, id: str, secret: str) -> None:
    """Corrected, given on with a note, and told to people."""
    document = f"{intake.url}/intake/api/v1/documents/{id}"
    await office.do("van-thu", document, {"expected_version": 1, "subject": f"V/v sửa {secret}"}, "PATCH")
    assignment = f"{readers.url}/routing/api/v1/documents/{id}"
    await office.lab.until_quiet()
    seen = await office.do("van-thu", assignment, method="GET")
    unit = "NC" if seen["state"]["lead_unit_id"] != "NC" else "KT"
    body = {"expected_version": seen["version"], "unit_id": unit, "note": f"Xem {secret}"}
    await office.do("van-thu", f"{assignment}/reassign", body)


def _leave_behind(data: Path, id: str, secret: str) -> None:
    """What a crash in mid-upload and a wrong sweep would leave of the file."""
    (kept,) = (data / "files").glob(f"*/*/{id}")
    kept.with_name(f"{id}.part").write_text(secret)
    trashed = data / "trash" / kept.relative_to(data / "files")
    trashed.parent.mkdir(parents=True)
    trashed.write_text(secret)


async def _seal_and_confirm(office: Office, intake: Replica, ids: Sequence[str], secret: str) -> None:
    for id in ids:
        document = f"{intake.url}/intake/api/v1/documents/{id}"
        sealed = await office.do("van-thu", f"{document}/seal", {"reason": "mark_found"})
        assert secret not in str(sealed)
        await office.do(OFFICER, f"{document}/confirm-seal", {"expected_version": sealed["version"]})
    listed = await office.do(OFFICER, f"{intake.url}/intake/api/v1/sealed", method="GET")
    assert {each["id"] for each in listed["documents"]} == set(ids)


async def _ordinary(lab: Lab) -> str:
    with MongoClient[dict[str, Any]](lab.place.mongo_url) as client:
        row = client[f"{lab.place.prefix}_intake"]["documents"].find_one({"seal": {"$exists": False}})
    assert row is not None
    return str(row["_id"])


async def _frozen_rebuild(lab: Lab) -> "Forked | subprocess.Popen[bytes]":
    """A rebuild that has read the journals' old words and has not written them yet."""
    proof = lab.folder / "rebuild.struck"
    faults = "freeze:rebuild has read:1;freeze:rebuild is whole:1"
    env = {**lab.vanthu.env, "FAULT": faults, "FAULT_PROOF": str(proof)}
    arguments = ["rebuild", "reporting", "--yes", "--data", str(lab.place.data)]
    log = str(lab.folder / "rebuild.log")
    rebuild = start(Job("tests.faults.launcher", arguments, env, log, log))
    await _until_struck(lab, rebuild, "rebuild has read")
    return rebuild


async def _goes_on(lab: Lab, rebuild: "Forked | subprocess.Popen[bytes]") -> None:
    """Until it has all and would be made the live one."""
    os.kill(rebuild.pid, signal.SIGCONT)
    await _until_struck(lab, rebuild, "rebuild is whole")


async def _until_struck(lab: Lab, rebuild: "Forked | subprocess.Popen[bytes]", point: str) -> None:
    proof, ends = lab.folder / "rebuild.struck", time.monotonic() + STRIKE_SECONDS
    while not proof.exists() or proof.read_text() != point:
        assert rebuild.poll() is None, _said(lab)
        assert time.monotonic() < ends, f"the rebuild has not come so far: {point}"
        await asyncio.sleep(0.1)


def _said(lab: Lab) -> str:
    return (lab.folder / "rebuild.log").read_text(errors="replace")


def _erase(lab: Lab, id: str) -> None:
    done = lab.vanthu.json("erase", id, "--yes", "--wait", "90")
    assert done["destroyed"][0]["journal_rows"] > 3
    assert done["remains"]
    assert "vanthu backup" in done["next"]


def _is_building(lab: Lab) -> bool:
    with MongoClient[dict[str, Any]](lab.place.mongo_url) as client:
        row = client[f"{lab.place.prefix}_reporting"]["projection"].find_one({"_id": 0})
    return row is not None and row["building"] is not None


async def _retries_are_told(senders: Any, marked: Sequence[Paper]) -> None:
    """A scanner that repeats its request makes no new document of it."""
    for paper in marked:
        _, answer = await senders.post(paper)
        assert answer is not None
        assert (answer.status_code, answer.json()["type"]) == (410, "urn:vanthu:problem:erased")
