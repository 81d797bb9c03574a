"""Fault 17: MongoDB is restored to an earlier backup while Kafka and files are newer; all is restored on new ground."""

import asyncio
import gzip
import json
import os
import random
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import bson
import pytest
from pymongo import MongoClient

from tests.eventually import eventually
from tests.faults.answered import Answered
from tests.faults.conftest import LabOpener
from tests.faults.evidence import SERVICES, Row, gather
from tests.faults.lab import OUTGOING, READERS, SCANNERS, Lab
from tests.faults.ledger import Ledger, Paper, histories
from tests.faults.load import Senders
from tests.faults.new_ground import move_to_new_ground
from tests.faults.papers import papers
from tests.faults.replica import Replica
from tests.faults.traffic import traffic

DOCUMENTS = 60
HANDLED = 8
LONG_AGO_SECONDS = 3 * 24 * 3600


@pytest.mark.fault(17)
@pytest.mark.timeout(400)
async def test_a_database_that_was_restored_by_other_tools_gets_everything_back_under_its_old_number(
    seed: int, new_lab: LabOpener, figures: dict[str, Any]
) -> None:
    await _restored(seed, new_lab, figures, by_vanthu=False)


@pytest.mark.fault(17)
@pytest.mark.timeout(400)
async def test_databases_that_vanthu_restored_beside_newer_files_get_everything_back_under_its_old_number(
    seed: int, new_lab: LabOpener, figures: dict[str, Any]
) -> None:
    await _restored(seed, new_lab, figures, by_vanthu=True)


async def _restored(seed: int, new_lab: LabOpener, figures: dict[str, Any], *, by_vanthu: bool) -> None:
    async with new_lab() as lab, lab.senders(seed) as senders:
        intake, readers = lab.replica("intake", "intake"), lab.replica("readers", *READERS)
        await lab.start(intake, readers)
        post = papers(seed, SCANNERS, outgoing=OUTGOING)
        backup = await _backup_under_load(lab, senders, post)
        staff = await _more_work(lab, senders, post, Answered(lab, intake.url, readers.url), random.Random(seed))
        for each in (intake, readers):
            assert await each.terminate() == 0
        _age_files(lab)
        figures["documents lost by the restore"] = await _restore(lab, backup, by_vanthu=by_vanthu)
        assert figures["documents lost by the restore"] >= DOCUMENTS

        await _stays_closed(intake)
        recovered = await asyncio.to_thread(lab.vanthu.json, "recover", "--yes")
        figures["documents brought back"] = recovered["documents"]
        assert recovered["documents"] >= DOCUMENTS
        assert not recovered["contradictions"]
        assert not recovered["missing_files"]

        orphan = _orphan(lab)
        readers.start()
        intake.start("hurry:sweeping:1")
        await asyncio.gather(intake.until_ready(), readers.until_ready())
        await _repeated(lab, senders, seed)
        await senders.work(post, count=DOCUMENTS, connections=8)
        await senders.settle()
        figures["seconds until quiet"] = round(await lab.until_quiet(90), 2)
        await eventually(lambda: _gone(orphan), seconds=30)
        assert intake.struck.exists()
        await staff.still_stands()
        figures |= await lab.judge()
        await asyncio.to_thread(lab.vanthu.run, "check", "--wait", "30")


@pytest.mark.fault(17)
@pytest.mark.timeout(400)
async def test_a_backup_taken_under_load_is_restored_whole_on_new_servers_and_an_empty_folder(
    seed: int, new_lab: LabOpener, figures: dict[str, Any]
) -> None:
    async with new_lab() as lab, lab.senders(seed) as senders:
        intake, readers = lab.replica("intake", "intake"), lab.replica("readers", *READERS)
        await lab.start(intake, readers)
        post = papers(seed, SCANNERS, outgoing=OUTGOING)
        await senders.work(post, count=DOCUMENTS, connections=8)
        await lab.until_quiet(
            60
        )  # what everybody has read is not said again for being behind: Kafka lacks it all the same
        readers.freeze()
        await senders.work(post, count=DOCUMENTS, connections=8)
        await senders.settle()
        meanwhile = Meanwhile(lab, seed)
        backup = await meanwhile.backup()
        readers.thaw()
        for each in (intake, readers):
            await each.terminate()
        figures["facts behind the register at the backup"] = _rows(backup, "documents") - _rows(backup, "facts_1")
        assert figures["facts behind the register at the backup"] > 0

        move_to_new_ground(lab)
        await asyncio.to_thread(lab.vanthu.run, "restore", str(backup), "--yes")
        in_backup = await meanwhile.enter_in_ledger()
        figures["documents of the time of the backup"] = f"{len(in_backup)} of {len(meanwhile.posted)} are in it"
        await lab.start(lab.replica("new intake", "intake"), lab.replica("new readers", *READERS))
        assert {outcome for outcome, _ in [await senders.post(each) for each in in_backup]} <= {"ok"}
        await _repeated(lab, senders, seed)
        await senders.work(post, count=DOCUMENTS, connections=8)
        await senders.settle()
        figures["seconds until quiet"] = round(await lab.until_quiet(90), 2)
        figures |= await lab.judge()
        await asyncio.to_thread(lab.vanthu.run, "check", "--wait", "30")


@dataclass
class Meanwhile:
    """Documents that are posted while a backup is taken: it may have one or not, but no half of one."""

    lab: Lab
    seed: int
    posted: list[Paper] = field(default_factory=list)

    async def backup(self) -> Path:
        """Scanners write a ledger of their own, for what the backup does not have is lost with the machine."""
        ledger, backup = Ledger(self.lab.folder / "meanwhile.jsonl"), self.lab.folder / "backup"
        async with Senders(ledger, self.lab.intakes, self.lab.keys, self.seed) as senders:
            async with traffic(senders, self._noted()):
                await asyncio.to_thread(self.lab.vanthu.run, "backup", str(backup))
            await senders.settle()
        ledger.close()
        assert self.posted
        return backup

    def _noted(self) -> Iterator[Paper]:
        for paper in papers(self.seed + 1000, SCANNERS, refused_share=0):
            self.posted.append(paper)
            yield paper

    async def enter_in_ledger(self) -> list[Paper]:
        """Those that the restored register has: to their senders they are like all others."""
        rows = (await gather(self.lab.place)).documents
        there = {(row["device"], row.get("idempotency_key", "")) for row in rows}
        lines = map(json.loads, (self.lab.folder / "meanwhile.jsonl").read_text().splitlines())
        with self.lab.ledger.path.open("a") as file:
            file.writelines(f"{json.dumps(each)}\n" for each in lines if (each["device"], each["key"]) in there)
        return [each for each in self.posted if each.sender in there]


async def _backup_under_load(lab: Lab, senders: Senders, post: Any) -> Path:
    await senders.work(post, count=DOCUMENTS, connections=8)
    backup = lab.folder / "backup"
    async with traffic(senders, post):
        await asyncio.to_thread(lab.vanthu.run, "backup", str(backup))
    return backup


async def _more_work(lab: Lab, senders: Senders, post: Any, staff: Answered, chance: random.Random) -> Answered:
    """Documents that the backup does not have, and what people did with those that it has and with those."""
    await senders.work(post, count=DOCUMENTS, connections=8)
    await senders.settle()
    await lab.until_quiet(60)
    accepted = [
        known.answers[0]["id"]
        for known in histories(lab.ledger.path).values()
        if known.outcome == "ok" and known.door == "documents"
    ]
    await staff.work_on([*accepted[:HANDLED], *accepted[-HANDLED:]], chance)
    await senders.work(post, count=DOCUMENTS // 2, connections=8)
    await senders.settle()
    return staff


def _age_files(lab: Lab) -> None:
    """To the sweeper they are forgotten uploads, if no document is theirs."""
    moment = time.time() - LONG_AGO_SECONDS
    for path in (lab.place.data / "files").glob("*/*/*"):
        os.utime(path, (moment, moment))


async def _restore(lab: Lab, backup: Path, *, by_vanthu: bool) -> int:
    """How many documents that somebody was told of are missing afterwards."""
    with MongoClient[Row](lab.place.mongo_url) as client:
        databases = {name: client[f"{lab.place.prefix}_{name}"] for name in SERVICES}
        for database in databases.values():
            client.drop_database(database.name)
        if by_vanthu:
            await asyncio.to_thread(lab.vanthu.run, "restore", str(backup), "--databases-only", "--yes")
        else:
            for path in backup.glob("databases/*/*.bson.gz"):
                if rows := bson.decode_all(gzip.decompress(path.read_bytes())):
                    databases[path.parent.name][path.name.removesuffix(".bson.gz")].insert_many(rows)
        there = {row["_id"] for row in databases["intake"]["documents"].find({}, {"_id": 1})}
    told = [each.answers[0]["id"] for each in histories(lab.ledger.path).values() if each.outcome == "ok"]
    return len(set(told) - there)


async def _stays_closed(intake: Replica) -> None:
    intake.start("hurry:sweeping:1")
    assert await intake.until_ended(40) != 0
    assert "vanthu recover" in intake.last_words()


def _orphan(lab: Lab) -> Path:
    """A file that really belongs to nothing: it shows that the sweeper looks."""
    path = lab.place.data / "files" / lab.place.office / "ff" / str(uuid.uuid4())
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"%PDF")
    _age_files(lab)
    return path


async def _gone(path: Path) -> bool:
    return not path.exists()


async def _repeated(lab: Lab, senders: Senders, seed: int) -> None:
    """Senders that ask again get the answer that they got: the judge compares every answer with the register."""
    known = histories(lab.ledger.path)
    posted = islice(papers(seed, SCANNERS, outgoing=OUTGOING), len(known))
    again = [each for each in posted if each.sender in known and known[each.sender].outcome == "ok"]
    for first in range(0, len(again), 16):
        answers = await asyncio.gather(*(senders.post(each) for each in again[first : first + 16]))
        assert {outcome for outcome, _ in answers} == {"ok"}
        assert all(answer is not None and "Idempotent-Replayed" in answer.headers for _, answer in answers)


def _rows(backup: Path, collection: str) -> int:
    parts = json.loads((backup / "manifest.json").read_text())["parts"]
    return sum(each["rows"] for each in parts if each["collection"] == collection)
