"""`vanthu backup`, `restore` and `recover` as operators meet them: what they refuse, and what they name."""

import json
import os
import re
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient

from services.embedded import Endpoints
from services.intake.erasure_list import erased_ids, order
from services.intake.sealing import blank_line
from tests.cli.vanthu import COMMAND, OFFICE_FILE, PDF, Up, Vanthu, incoming, new_vanthu, upload
from tests.nursery import Job, start

OFFICE = "vpubnd"
DOCUMENTS = 5
SERVICES = ("intake", "routing", "notify", "reporting")


@dataclass
class BackedUp:
    """An installation at rest with its backup, made while it ran."""

    vanthu: Vanthu
    folder: Path
    servers: Endpoints

    def copied(self, to: Path) -> Path:
        """A copy that a test may spoil."""
        shutil.copytree(self.folder, to)
        return to

    def elsewhere(self, folder: Path) -> Vanthu:
        """An empty installation."""
        folder.mkdir()
        return new_vanthu(self.servers, folder)


def databases(vanthu: Vanthu) -> tuple["MongoClient[dict[str, Any]]", str]:
    return MongoClient(vanthu.env["VANTHU_MONGO_URL"]), vanthu.env["VANTHU_MONGO_DATABASE_PREFIX"]


def rows(vanthu: Vanthu, service: str, collection: str) -> list[dict[str, Any]]:
    client, prefix = databases(vanthu)
    with client:
        return list(client[f"{prefix}_{service}"][collection].find())


def refused(vanthu: Vanthu, *arguments: str) -> str:
    done = vanthu.run(*arguments, succeeds=False)
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    return " ".join(done.stderr.split())


@pytest.fixture(scope="module")
def backed_up(servers: Endpoints, tmp_path_factory: pytest.TempPathFactory) -> BackedUp:
    folder = tmp_path_factory.mktemp("backing-up")
    vanthu = new_vanthu(servers, folder)
    with vanthu.up() as up:
        vanthu.run("office", "load", str(OFFICE_FILE), "--yes")
        key = vanthu.json("key", "create", "--office", OFFICE, "--device", "scan-1")["key"]
        with up.client(key) as scanner:
            for number in range(DOCUMENTS):
                upload(scanner, incoming(), PDF + b"%%%d" % number).raise_for_status()
        vanthu.run("check", "--wait", "40")
        told = vanthu.json("backup", str(folder / "backup"))
        assert (told["files"], told["epoch"]) == (DOCUMENTS, 0)
        assert "Stop it first" in refused(vanthu, "recover", "--yes")
        running = replace(vanthu, data=folder / "no-note")
        assert "intake, notify, reporting, routing still runs" in refused(running, "recover", "--yes")
    return BackedUp(vanthu, folder / "backup", servers)


def test_only_its_owner_may_read_a_backup(backed_up: BackedUp) -> None:
    modes = {path.stat().st_mode & 0o077 for path in [backed_up.folder, *backed_up.folder.rglob("*")]}
    assert modes == {0}


def test_a_backup_is_not_written_over_another(backed_up: BackedUp) -> None:
    assert "is not empty" in refused(backed_up.vanthu, "backup", str(backed_up.folder))


def test_a_backup_does_not_lie_in_what_it_saves(backed_up: BackedUp) -> None:
    inside = backed_up.vanthu.data / "backups" / "first"
    assert "Name a folder on another disk" in refused(backed_up.vanthu, "backup", str(inside))
    assert not inside.parent.exists()


def test_beside_another_folder_than_intakes_nothing_is_backed_up(backed_up: BackedUp, tmp_path: Path) -> None:
    wrong = replace(backed_up.vanthu, data=tmp_path / "wrong")
    assert "Is this intake's data folder?" in refused(wrong, "backup", str(tmp_path / "backup"))
    assert list(tmp_path.glob("backup*")) == []


def test_a_backup_that_is_asked_to_stop_leaves_no_papers_behind(backed_up: BackedUp, tmp_path: Path) -> None:
    proof, said, draft = tmp_path / "struck", tmp_path / "said", tmp_path / "backup.part"
    env = {**backed_up.vanthu.env, "FAULT": "freeze:file backed up:2", "FAULT_PROOF": str(proof)}
    arguments = ["backup", str(tmp_path / "backup"), "--data", str(backed_up.vanthu.data)]
    process = start(Job("tests.faults.launcher", arguments, env, str(said), str(said)))
    try:
        ends = time.monotonic() + 60
        while not proof.exists():
            assert time.monotonic() < ends, said.read_text()
            time.sleep(0.05)
        assert len(list(draft.glob("files/*/*/*"))) == 2
        os.kill(process.pid, signal.SIGTERM)
        os.kill(process.pid, signal.SIGCONT)
        assert process.wait(60) == 128 + signal.SIGTERM
    finally:
        process.kill()
    assert list(tmp_path.glob("backup*")) == []
    assert "Stopped by a signal" in said.read_text()


def test_a_later_backup_links_the_files_of_an_earlier_one_and_is_whole(backed_up: BackedUp, tmp_path: Path) -> None:
    backed_up.vanthu.run("backup", str(tmp_path / "later"), "--since", str(backed_up.folder))
    for path in (backed_up.folder / "files").glob("*/*/*"):
        assert (tmp_path / "later" / path.relative_to(backed_up.folder)).samefile(path)
    backed_up.vanthu.run("restore", "--check", str(tmp_path / "later"))


@pytest.mark.parametrize(
    ("pattern", "names"),
    [("files/*/*/*", "has other bytes"), ("databases/intake/documents.bson.gz", "documents.bson.gz has other bytes")],
)
def test_a_damaged_backup_is_not_restored_and_names_what_is_damaged(
    backed_up: BackedUp, tmp_path: Path, pattern: str, names: str
) -> None:
    spoiled = backed_up.copied(tmp_path / "spoiled")
    path = next(spoiled.glob(pattern))
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    elsewhere = backed_up.elsewhere(tmp_path / "elsewhere")
    said = refused(elsewhere, "restore", str(spoiled), "--yes")
    assert "damaged" in said
    assert names in said
    assert rows(elsewhere, "intake", "documents") == []
    path.unlink()
    assert "is missing" in refused(elsewhere, "restore", "--check", str(spoiled))


def test_a_folder_that_is_no_backup_and_one_of_a_newer_release_are_refused(backed_up: BackedUp, tmp_path: Path) -> None:
    assert "is no backup" in refused(backed_up.vanthu, "restore", str(tmp_path), "--yes")
    newer = backed_up.copied(tmp_path / "newer")
    manifest = json.loads((newer / "manifest.json").read_text())
    (newer / "manifest.json").write_text(json.dumps({**manifest, "vanthu": "99.0.0"}))
    assert "newer release 99.0.0" in refused(backed_up.vanthu, "restore", str(newer), "--yes")


def test_a_restore_overwrites_nothing(backed_up: BackedUp, tmp_path: Path) -> None:
    before = rows(backed_up.vanthu, "intake", "documents")
    assert "Nothing was changed" in refused(backed_up.vanthu, "restore", str(backed_up.folder), "--yes")
    assert rows(backed_up.vanthu, "intake", "documents") == before
    elsewhere = backed_up.elsewhere(tmp_path / "elsewhere")
    (elsewhere.data / "files" / "o").mkdir(parents=True)
    (elsewhere.data / "files" / "o" / "x").write_text("somebody's")
    assert "There are files in" in refused(elsewhere, "restore", str(backed_up.folder), "--yes")


def test_a_restore_that_was_interrupted_is_run_again_and_two_restores_have_two_epochs(
    backed_up: BackedUp, tmp_path: Path
) -> None:
    elsewhere = backed_up.elsewhere(tmp_path / "elsewhere")
    elsewhere.killed("collection restored:5", "restore", str(backed_up.folder), "--yes")
    refused_start = elsewhere.run("serve", "intake", "--port", "0", succeeds=False)
    assert "Run `vanthu restore`" in refused_start.stderr
    assert "restore" in refused(elsewhere, "backup", str(tmp_path / "half"))
    assert list(tmp_path.glob("half*")) == []
    first = elsewhere.json("restore", str(backed_up.folder), "--yes")
    assert first["epoch"] > 1_000_000_000
    assert len(rows(elsewhere, "intake", "documents")) == DOCUMENTS
    with elsewhere.up():
        elsewhere.run("check", "--wait", "60")
    assert elsewhere.json("recover", "--yes")["epoch"] > first["epoch"]


def test_a_restore_that_was_interrupted_while_it_recovered_is_run_again(backed_up: BackedUp, tmp_path: Path) -> None:
    elsewhere = backed_up.elsewhere(tmp_path / "elsewhere")
    elsewhere.killed("recovery begun:1", "restore", str(backed_up.folder), "--yes")
    other = again_at_another_time(backed_up, tmp_path)
    assert "Run `vanthu recover`" in refused(elsewhere, "restore", str(other), "--yes")
    done = elsewhere.run("restore", str(backed_up.folder), "--yes")
    assert re.search(rf"[\d,]+ rows as of .* UTC and {DOCUMENTS} files are restored\.", done.stderr), done.stderr
    assert "Nothing was changed" in refused(elsewhere, "restore", str(backed_up.folder), "--yes")
    with elsewhere.up():
        elsewhere.run("check", "--wait", "60")


def again_at_another_time(backed_up: BackedUp, folder: Path) -> Path:
    """The same backup, made at another time."""
    other = backed_up.copied(folder / "other")
    manifest = json.loads((other / "manifest.json").read_text())
    (other / "manifest.json").write_text(json.dumps({**manifest, "at": "2026-01-01T00:00:00Z"}))
    return other


def test_an_interrupted_restore_of_databases_does_not_let_another_overwrite_a_newer_register_log(
    backed_up: BackedUp, tmp_path: Path
) -> None:
    elsewhere = backed_up.elsewhere(tmp_path / "elsewhere")
    shutil.copytree(backed_up.folder / "register", elsewhere.data / "register")
    (log,) = (elsewhere.data / "register").glob("*.jsonl")
    log.write_bytes(log.read_bytes() + b'{"note": "written since"}\n')
    newer, databases_only = log.read_bytes(), ("restore", str(backed_up.folder), "--databases-only", "--yes")
    elsewhere.killed("collection restored:5", *databases_only)
    other = again_at_another_time(backed_up, tmp_path)
    for begun_otherwise in (str(backed_up.folder),), (str(other), "--databases-only"):
        said = refused(elsewhere, "restore", *begun_otherwise, "--yes")
        assert "has not come to its end" in said
        assert "databases only" in said
    assert log.read_bytes() == newer
    for command in ("--dry-run", "--yes"):
        assert "Run `vanthu restore` again" in refused(elsewhere, "recover", command)
    assert {each.get("unfinished") for each in rows(elsewhere, "routing", "epochs")} == {"restore"}
    elsewhere.run(*databases_only)
    assert len(rows(elsewhere, "intake", "documents")) == DOCUMENTS


def test_what_only_routing_lost_is_said_anew_and_everybody_agrees(backed_up: BackedUp, tmp_path: Path) -> None:
    """Kafka is new, too: reporting and notify know more than routing does."""
    vanthu = backed_up.elsewhere(tmp_path / "elsewhere")
    vanthu.run("restore", str(backed_up.folder), "--yes")
    client, prefix = databases(vanthu)
    with client:
        later = {"parts.routing.version": 5}
        client[f"{prefix}_reporting"]["facts_1"].update_many({}, {"$set": later})
    done = vanthu.json("recover", "--yes")
    assert done["said_anew"] == DOCUMENTS
    assert {row["version"] for row in rows(vanthu, "routing", "assignments")} == {6}
    with vanthu.up():
        vanthu.run("check", "--wait", "60")


def test_a_number_that_stands_for_two_documents_is_named_and_nobody_gets_it(
    backed_up: BackedUp, tmp_path: Path
) -> None:
    vanthu = backed_up.elsewhere(tmp_path / "elsewhere")
    vanthu.run("restore", str(backed_up.folder), "--yes")
    (log,) = (vanthu.data / "register").glob("*.jsonl")
    lines = [json.loads(each) for each in log.read_text().splitlines() if each.strip()]
    contradicts = {**max(lines, key=lambda each: each["number"]), "id": "0198c0de-0000-7000-8000-000000000000"}
    log.write_text(log.read_text() + json.dumps(contradicts) + "\n")
    before = rows(vanthu, "intake", "documents")
    planned = vanthu.run("recover", "--dry-run", succeeds=False)
    assert planned.returncode == 1
    done = vanthu.run("recover", "--yes", succeeds=False)
    assert done.returncode == 1
    said = " ".join(done.stderr.split())
    assert contradicts["id"] in said
    assert "take the wrong lines out of the register log" in said
    assert rows(vanthu, "intake", "documents") == before
    log.write_text("".join(json.dumps(each) + "\n" for each in lines))
    vanthu.run("recover", "--yes")


def test_documents_whose_senders_have_repeated_themselves_since_come_back_without_their_keys(
    backed_up: BackedUp, tmp_path: Path
) -> None:
    """A machine is lost with its register log, an old backup restored, and the log is found when scanners have gone on."""
    vanthu = backed_up.elsewhere(tmp_path / "elsewhere")
    vanthu.run("restore", str(backed_up.folder), "--yes")
    with vanthu.up() as up:
        key = vanthu.json("key", "create", "--office", OFFICE, "--device", "scan-1")["key"]
        with up.client(key) as scanner:
            repeated = [upload(scanner, incoming(), PDF + b"again", key=f"key-{number}").json() for number in (8, 9)]
    found = found_log(vanthu, {number: f"key-{number}" for number in range(DOCUMENTS + 1, DOCUMENTS + 6)})
    planned = vanthu.run("recover", "--dry-run", succeeds=False)
    done = vanthu.json("recover", "--yes", succeeds=False)
    assert planned.returncode == 1
    assert done["documents"] == 3
    keyless = [each for each in done["contradictions"] if "sender's key" in each]
    for logged, other, said in zip(found[2:4], repeated, keyless, strict=True):
        assert logged["id"] in said
        assert other["id"] in said
    assert all(logged["id"] in planned.stderr for logged in found[:4])
    keys = {row["number"]: row.get("idempotency_key") for row in rows(vanthu, "intake", "documents")}
    assert list(keys) == sorted(keys) == list(range(1, DOCUMENTS + 6))
    assert [keys[number] for number in (6, 7, 8, 9, 10)] == ["key-8", "key-9", None, None, "key-10"]
    assert {each.get("unfinished") for each in rows(vanthu, "intake", "epochs")} == {None}
    (vanthu.data / "register" / "found.jsonl").write_text("".join(json.dumps(each) + "\n" for each in found[2:]))
    vanthu.run("recover", "--yes")
    with vanthu.up():
        judged = vanthu.json("check", "--wait", "60", succeeds=False)
    # what was numbered before the loss came earlier than what got the numbers before it since
    assert [each["name"] for each in judged if not each["ok"]] == ["numbers"]
    (fault,) = next(each["faults"] for each in judged if each["name"] == "numbers")
    assert "8 was received before 7" in fault["detail"]


def found_log(vanthu: Vanthu, keys: dict[int, str]) -> list[dict[str, Any]]:
    """Lines of lost documents of these numbers, with their files, in a register log that lies beside the present one."""
    (log,) = (vanthu.data / "register").glob("*.jsonl")
    like = json.loads(next(each for each in log.read_text().splitlines() if each))
    lines = [
        {**like, "id": f"0198c0de-0000-7000-8000-0000000000{number:02}", "number": number, "idempotency_key": key}
        for number, key in keys.items()
    ]
    files = vanthu.data / "files" / OFFICE
    for each in lines:
        path = files / each["id"][-2:] / each["id"]
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(files / like["id"][-2:] / like["id"], path)
    (vanthu.data / "register" / "found.jsonl").write_text("".join(json.dumps(each) + "\n" for each in lines))
    return lines


def test_a_dry_run_counts_what_is_missing_and_changes_nothing(backed_up: BackedUp, tmp_path: Path) -> None:
    vanthu = backed_up.elsewhere(tmp_path / "elsewhere")
    vanthu.run("restore", str(backed_up.folder), "--yes")
    client, prefix = databases(vanthu)
    with client:
        intake = client[f"{prefix}_intake"]
        (lost,) = intake["documents"].find().sort("number", -1).limit(1)
        intake["documents"].delete_one({"_id": lost["_id"]})
        intake["events"].delete_many({"key": lost["_id"]})
        intake["books"].update_many({}, {"$inc": {"next": -1}})
    (vanthu.data / "files" / OFFICE / lost["_id"][-2:] / lost["_id"]).unlink()
    planned = vanthu.json("recover", "--dry-run")
    assert (planned["documents"], planned["missing_files"]) == (1, [lost["_id"]])
    assert len(rows(vanthu, "intake", "documents")) == DOCUMENTS - 1
    done = vanthu.json("recover", "--yes", succeeds=False)
    assert (done["documents"], done["missing_files"]) == (1, [lost["_id"]])
    again = next(row for row in rows(vanthu, "intake", "documents") if row["_id"] == lost["_id"])
    left_out = {"batch", "assignment", "readers"}
    assert {name: again[name] for name in again if name not in left_out} == {
        name: value for name, value in lost.items() if name not in left_out
    }
    assert [row["next"] for row in rows(vanthu, "intake", "books")] == [DOCUMENTS + 1]
    assert vanthu.json("recover", "--yes", succeeds=False)["documents"] == 0


def test_what_was_destroyed_since_the_backup_is_destroyed_again(backed_up: BackedUp, tmp_path: Path) -> None:
    vanthu = backed_up.elsewhere(tmp_path / "elsewhere")
    vanthu.run("restore", str(backed_up.folder), "--yes")
    (first, *_) = rows(vanthu, "intake", "documents")
    file = vanthu.data / "files" / OFFICE / first["_id"][-2:] / first["_id"]
    assert file.exists()
    order(vanthu.data / "register", first["_id"], datetime.now(UTC))
    assert vanthu.json("recover", "--yes")["erased_again"] == [first["_id"]]
    assert not file.exists()
    (row,) = [each for each in rows(vanthu, "intake", "documents") if each["_id"] == first["_id"]]
    assert (row["number"], row["status"], row["void_reason"]) == (first["number"], "voided", "secrecy")
    told = [each for each in rows(vanthu, "intake", "events") if each["key"] == first["_id"]]
    assert first["subject"] not in json.dumps([row, *told], default=str, ensure_ascii=False)
    with vanthu.up():
        vanthu.run("check", "--wait", "60")


def test_a_list_of_erasures_that_lies_in_an_empty_folder_is_obeyed_by_the_restore(
    backed_up: BackedUp, tmp_path: Path
) -> None:
    vanthu = backed_up.elsewhere(tmp_path / "elsewhere")
    (first, *_) = rows(backed_up.vanthu, "intake", "documents")
    order(vanthu.data / "register", first["_id"], datetime.now(UTC))
    assert vanthu.json("restore", str(backed_up.folder), "--yes")["erased_again"] == [first["_id"]]
    assert not (vanthu.data / "files" / OFFICE / first["_id"][-2:] / first["_id"]).exists()
    text = "\n".join(path.read_text() for path in (vanthu.data / "register").glob("*.jsonl"))
    lines = [json.loads(each) for each in text.splitlines() if each.strip()]
    assert [line.get("subject") for line in lines if line.get("id") == first["_id"]] == [None]
    assert len([line for line in lines if "subject" in line]) == DOCUMENTS - 1


def test_a_line_without_words_is_as_good_an_order_to_destroy_as_one_on_the_list(
    backed_up: BackedUp, tmp_path: Path
) -> None:
    vanthu = backed_up.elsewhere(tmp_path / "elsewhere")
    vanthu.run("restore", str(backed_up.folder), "--yes")
    (first, *_) = rows(vanthu, "intake", "documents")
    (log,) = (vanthu.data / "register").glob("*.jsonl")
    lines = [json.loads(each) for each in log.read_text().splitlines() if each.strip()]
    log.write_text("".join(json.dumps(blank_line(e) if e.get("id") == first["_id"] else e) + "\n" for e in lines))
    assert vanthu.json("recover", "--yes")["erased_again"] == [first["_id"]]
    assert first["_id"] in erased_ids(vanthu.data / "register")
    assert not (vanthu.data / "files" / OFFICE / first["_id"][-2:] / first["_id"]).exists()


def test_a_recovery_beside_another_folder_changes_nothing_and_what_came_from_kafka_alone_is_completed(
    backed_up: BackedUp, tmp_path: Path
) -> None:
    vanthu = backed_up.elsewhere(tmp_path / "elsewhere")
    vanthu.run("restore", str(backed_up.folder), "--yes")
    before = sorted(rows(vanthu, "intake", "documents"), key=lambda row: row["_id"])
    client, prefix = databases(vanthu)
    with client:
        client[f"{prefix}_intake"]["documents"].delete_many({})
        client[f"{prefix}_intake"]["books"].delete_many({})
    wrong = replace(vanthu, data=tmp_path / "wrong")
    for command in ("--dry-run", "--yes"):
        assert "--without-register-log" in refused(wrong, "recover", command)
    assert rows(vanthu, "intake", "documents") == []
    assert rows(vanthu, "intake", "switches") != []
    without = wrong.run("recover", "--yes", "--without-register-log", succeeds=False)
    assert without.returncode == 1  # their files are not in that folder
    assert {row["device"] for row in rows(vanthu, "intake", "documents")} == {"recovered"}
    with wrong.up():  # its start writes lines of them
        pass
    (written_since,) = (wrong.data / "register").glob("*.jsonl")
    shutil.copy(written_since, vanthu.data / "register" / "0-written-since.jsonl")
    assert vanthu.json("recover", "--yes")["completed"] == DOCUMENTS
    left_out = {"batch", "assignment", "readers"}
    again = sorted(rows(vanthu, "intake", "documents"), key=lambda row: row["_id"])
    assert [{k: v for k, v in row.items() if k not in left_out} for row in again] == [
        {k: v for k, v in row.items() if k not in left_out} for row in before
    ]
    assert vanthu.json("recover", "--yes")["completed"] == 0


def test_a_file_that_an_interrupted_recovery_could_not_find_is_named_by_the_next(
    backed_up: BackedUp, tmp_path: Path
) -> None:
    vanthu = backed_up.elsewhere(tmp_path / "elsewhere")
    vanthu.run("restore", str(backed_up.folder), "--yes")
    (lost, *_) = rows(vanthu, "intake", "documents")
    client, prefix = databases(vanthu)
    with client:
        client[f"{prefix}_intake"]["documents"].delete_one({"_id": lost["_id"]})
    (vanthu.data / "files" / OFFICE / lost["_id"][-2:] / lost["_id"]).unlink()
    vanthu.killed("register complete:1", "recover", "--yes")
    done = vanthu.json("recover", "--yes", succeeds=False)
    assert (done["documents"], done["missing_files"]) == (0, [lost["_id"]])
    assert vanthu.run("recover", "--yes", succeeds=False).returncode == 1


def test_a_service_that_is_in_no_consumer_group_keeps_a_recovery_from_beginning(
    backed_up: BackedUp, tmp_path: Path
) -> None:
    vanthu = backed_up.elsewhere(tmp_path / "elsewhere")
    vanthu.run("restore", str(backed_up.folder), "--yes")
    cannot_join = {**vanthu.env, "VANTHU_KAFKA_PARTITIONS": "3"}
    with (tmp_path / "reporting.log").open("wb") as log:
        command = [*COMMAND, "serve", "reporting", "--port", "0", "--data", str(vanthu.data)]
        reporting = subprocess.Popen(command, env=cannot_join, stdout=log, stderr=log)
    try:
        ends = time.monotonic() + 60
        while "of 12 partitions" not in (tmp_path / "reporting.log").read_text():
            assert time.monotonic() < ends, (tmp_path / "reporting.log").read_text()
            time.sleep(0.1)
        assert "reporting still runs" in refused(vanthu, "recover", "--yes")
    finally:
        reporting.terminate()
        assert reporting.wait(30) == 0
    vanthu.run("recover", "--yes")


def test_what_was_opened_and_loaded_since_the_backup_contradicts_nothing_after_the_recovery(
    servers: Endpoints, tmp_path: Path
) -> None:
    vanthu = new_vanthu(servers, tmp_path)
    office = json.loads(OFFICE_FILE.read_text())
    with vanthu.up() as up:
        vanthu.run("office", "load", str(OFFICE_FILE), "--yes")
        key = vanthu.json("key", "create", "--office", OFFICE, "--device", "scan-1")["key"]
        with up.client(key) as scanner:
            for number in range(DOCUMENTS):
                upload(scanner, incoming(), PDF + b"%%%d" % number).raise_for_status()
        vanthu.run("check", "--wait", "40")
        vanthu.run("backup", str(tmp_path / "backup"))
        told = open_all(vanthu, up)
        (tmp_path / "office.json").write_text(json.dumps(with_somebody_disabled(office, told)))
        vanthu.run("office", "load", str(tmp_path / "office.json"), "--yes")
        vanthu.run("check", "--wait", "40")
        before = office_copies(vanthu)
    client, prefix = databases(vanthu)
    with client:
        for name in SERVICES:
            client.drop_database(f"{prefix}_{name}")
    vanthu.run("restore", str(tmp_path / "backup"), "--databases-only", "--yes")
    assert office_copies(vanthu) != before
    done = vanthu.json("recover", "--yes")
    assert done["office"] == 2  # who was disabled, and the public key that signed the first tokens
    assert done["said_anew"] >= 1
    with vanthu.up():
        vanthu.run("check", "--wait", "60")
        vanthu.run("rebuild", "reporting", "--yes")
        vanthu.run("check", "--wait", "60")
    assert office_copies(vanthu) == before
    assert {row["unread"] for row in rows(vanthu, "notify", "notices")} == {True}  # that is lost, as the manual says


def open_all(vanthu: Vanthu, up: Up) -> set[str]:
    """Everybody opens what they were told of; who that was."""
    people = sorted({(row["person_id"], row["_id"]) for row in rows(vanthu, "notify", "notices")})
    assert people
    for person, notice in people:
        token = vanthu.json("token", "create", "--office", OFFICE, "--person", person)["token"]
        with up.client(token) as reader:
            reader.post(f"/notify/api/v1/notices/{notice}/opened").raise_for_status()
    return {person for person, _ in people}


def with_somebody_disabled(office: dict[str, Any], told: set[str]) -> dict[str, Any]:
    chosen = next(each["id"] for each in office["people"] if each["id"] not in told and not each["roles"])
    return office | {"people": [each | {"disabled": each["id"] == chosen} for each in office["people"]]}


def office_copies(vanthu: Vanthu) -> dict[str, dict[str, list[Any]]]:
    """What every service has of each person, unit and calendar."""
    return {name: {row["_id"]: row["state"] for row in rows(vanthu, name, "copies")} for name in SERVICES}
