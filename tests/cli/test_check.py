"""`vanthu check` on a real installation: all well says ok, and each corruption turns exactly its line bad."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiokafka import TopicPartition

from services.chassis.dead_letters import DeadLetters, DeadLetterStatus, KeptRecord
from services.chassis.kafka import commit_start, group_name, group_positions, topic_name
from services.chassis.mongo import Client, connect
from services.chassis.settings import ChassisSettings
from services.cli.check.invariant import Counted
from services.cli.check.transport import no_dead_letters
from services.cli.databases import opened
from services.embedded import Endpoints
from services.events import TOPICS
from tests.cli.vanthu import OFFICE_FILE, PDF, PUBLISHED_FILE, Vanthu, incoming, new_vanthu, upload

OFFICE = "vpubnd"
SECRETS_COUNTED = {
    "direction": "incoming",
    "category": "secret",
    "first_day": "2016-01-01",
    "last_day": "2016-12-31",
    "count": 3,
}
Corrupt = Callable[[Client, "Quiet"], Awaitable[None]]


@dataclass
class Quiet:
    """An installation at rest, with a handful of documents that have gone all the way."""

    vanthu: Vanthu
    ids: list[str]

    @property
    def prefix(self) -> str:
        return self.vanthu.env["VANTHU_MONGO_DATABASE_PREFIX"]

    def file_of(self, id: str) -> Path:
        return self.vanthu.data / "files" / OFFICE / id[-2:] / id

    @property
    def logs(self) -> list[Path]:
        return sorted((self.vanthu.data / "register").glob("*.jsonl"))

    def check(self) -> dict[str, dict[str, Any]]:
        verdicts = self.vanthu.json("check", "--wait", "0", succeeds=False)
        return {each["name"]: each for each in verdicts}

    def bad(self) -> set[str]:
        return {name for name, verdict in self.check().items() if not verdict["ok"]}


@pytest.fixture(scope="module")
def quiet(servers: Endpoints, tmp_path_factory: pytest.TempPathFactory) -> Quiet:
    vanthu = new_vanthu(servers, tmp_path_factory.mktemp("check"))
    with vanthu.up() as up:
        vanthu.run("office", "load", str(OFFICE_FILE), "--yes")
        key = vanthu.json("key", "create", "--office", OFFICE, "--device", "scan-1")["key"]
        out = vanthu.json("key", "create", "--office", OFFICE, "--device", "out-1", "--door", "outgoing")["key"]
        clerk = vanthu.json("token", "create", "--office", OFFICE, "--person", "van-thu")["token"]
        time.sleep(2)  # services learn of the office
        with up.client(key) as scanner, up.client(out) as sender, up.client(clerk) as staff:
            ids = [upload(scanner, incoming(f"Văn bản {n}"), PDF + b"%%%d" % n).json()["id"] for n in range(6)]
            upload(
                sender, {"kind": "cong_van", "subject": "Trả lời", "drafting_unit": "VX"}, path="issued"
            ).raise_for_status()
            voided = staff.post(
                f"/intake/api/v1/documents/{ids[5]}/void", json={"reason": "Quét hai lần", "expected_version": 1}
            )
            voided.raise_for_status()
            staff.post("/intake/api/v1/period-counts", json=SECRETS_COUNTED).raise_for_status()
        assert vanthu.run("check", "--wait", "30").returncode == 0
    return Quiet(vanthu, ids)


async def leave_a_gap(client: Client, quiet: Quiet) -> None:
    """In the database and in the register log alike: nothing but the gap itself tells."""
    await client[f"{quiet.prefix}_intake"]["documents"].update_one({"_id": quiet.ids[4]}, {"$set": {"number": 77}})
    for path in quiet.logs:
        lines = path.read_bytes().splitlines(True)
        path.write_bytes(b"".join(_renumbered(line) if quiet.ids[4].encode() in line else line for line in lines))


def _renumbered(line: bytes) -> bytes:
    return json.dumps({**json.loads(line), "number": 77}).encode() + b"\n"


async def put_time_out_of_order(client: Client, quiet: Quiet) -> None:
    long_ago = datetime(2020, 1, 1, tzinfo=UTC)
    rows = client[f"{quiet.prefix}_intake"]["documents"]
    await rows.update_one({"_id": quiet.ids[4]}, {"$set": {"received_at": long_ago}})


async def lose_the_last_entry_of_a_book(client: Client, quiet: Quiet) -> None:
    await client[f"{quiet.prefix}_intake"]["books"].update_many({}, {"$inc": {"next": 1}})


async def forget_an_assignment(client: Client, quiet: Quiet) -> None:
    names = await client[f"{quiet.prefix}_routing"].list_collection_names()
    assert "assignments" in names
    routing = client[f"{quiet.prefix}_routing"]
    lost = await routing["assignments"].find_one_and_delete({"_id": quiet.ids[0]})
    assert lost
    load = {"open": -1, "total": -1}  # so that nothing but the assignment itself is missed
    await routing["loads"].update_one({"person_id": lost["state"]["lead_person_id"]}, {"$inc": load})


async def change_a_workload(client: Client, quiet: Quiet) -> None:
    loads = client[f"{quiet.prefix}_routing"]["loads"]
    assert (await loads.update_one({"total": {"$gt": 0}}, {"$inc": {"open": 1}})).modified_count == 1


async def leave_a_role_without_anybody(client: Client, quiet: Quiet) -> None:
    row = {"_id": f"{quiet.ids[0]}:0000:00000001:routing:role:clerk", "office": "elsewhere", "token": "role:clerk"}
    await client[f"{quiet.prefix}_notify"]["untold"].insert_one(row)


async def forget_a_notice(client: Client, quiet: Quiet) -> None:
    await client[f"{quiet.prefix}_notify"]["notices"].delete_many({"document_id": quiet.ids[0]})


async def change_a_fact(client: Client, quiet: Quiet) -> None:
    facts = client[f"{quiet.prefix}_reporting"]["facts_1"]
    await facts.update_one({"_id": quiet.ids[0]}, {"$set": {"parts.intake.book": "elsewhere"}})


async def forget_a_period_count(client: Client, quiet: Quiet) -> None:
    rows = client[f"{quiet.prefix}_reporting"]["period_counts_1"]
    assert (await rows.delete_many({})).deleted_count == 1


async def leave_a_rebuild_unfinished(client: Client, quiet: Quiet) -> None:
    building = {"facts": 9, "counters": 9}
    await client[f"{quiet.prefix}_reporting"]["projection"].update_many({}, {"$set": {"building": building}})


async def change_a_counter(client: Client, quiet: Quiet) -> None:
    counters = client[f"{quiet.prefix}_reporting"]["counters_1"]
    row = await counters.find_one({})
    assert row
    field, parts = next(iter(row["counts"].items()))
    await counters.update_one({"_id": row["_id"]}, {"$inc": {f"counts.{field}.{next(iter(parts))}": 1}})


async def leave_an_event_unsent(client: Client, quiet: Quiet) -> None:
    await client[f"{quiet.prefix}_intake"]["events"].update_one({"key": quiet.ids[0]}, {"$set": {"unsent": True}})


def a_record(offset: int) -> KeptRecord:
    return KeptRecord({"topic": "t", "partition": 0, "offset": offset, "key": b"k", "value": b"v", "headers": []})


async def set_a_record_aside(client: Client, quiet: Quiet) -> None:
    await DeadLetters(client[f"{quiet.prefix}_notify"]).keep(a_record(1), ValueError())


async def have_a_record_replayed_by_nobody(client: Client, quiet: Quiet) -> None:
    await set_a_record_aside(client, quiet)
    await have_one_replayed(DeadLetters(client[f"{quiet.prefix}_notify"]))


async def have_one_replayed(letters: DeadLetters) -> None:
    letter = (await letters.waiting(1))[0]["_id"]
    assert await letters.decide(letter, DeadLetterStatus.REPLAY, "somebody")


async def fall_behind(client: Client, quiet: Quiet) -> None:
    settings = quiet.vanthu.settings()
    topic = topic_name(settings, "documents")
    await commit_start(settings, group_name(settings, "reporting"), {TopicPartition(topic, n): 0 for n in range(2)})


CORRUPTIONS: dict[str, tuple[Corrupt, set[str]]] = {
    "a gap": (leave_a_gap, {"numbers"}),
    "time out of order": (put_time_out_of_order, {"numbers"}),
    "a number without an entry": (lose_the_last_entry_of_a_book, {"numbers"}),
    "assigned": (forget_an_assignment, {"assigned"}),
    "told": (forget_a_notice, {"told"}),
    "nobody to tell": (leave_a_role_without_anybody, {"told"}),
    "facts": (change_a_fact, {"facts"}),
    "a period count lost": (forget_a_period_count, {"facts"}),
    "workloads": (change_a_workload, {"workloads"}),
    "counters": (change_a_counter, {"counters"}),
    "a rebuild that never ended": (leave_a_rebuild_unfinished, {"counters"}),
    "journals sent": (leave_an_event_unsent, {"journals sent"}),
    "dead letters": (set_a_record_aside, {"dead letters"}),
    "a letter marked to be replayed": (have_a_record_replayed_by_nobody, {"dead letters"}),
    "consumers caught up": (fall_behind, {"consumers caught up"}),
}


class Undo:
    """Puts every collection of the installation back as it was."""

    def __init__(self, url: str, prefix: str) -> None:
        self._url = url
        self._prefix = prefix
        self._kept: dict[tuple[str, str], list[dict[str, Any]]] = {}

    async def keep(self) -> None:
        client = connect(self._url)
        for database in [name for name in await client.list_database_names() if name.startswith(self._prefix)]:
            for collection in await client[database].list_collection_names():
                self._kept[database, collection] = await client[database][collection].find().to_list(None)
        client.close()

    async def restore(self) -> None:
        client = connect(self._url)
        for database in [name for name in await client.list_database_names() if name.startswith(self._prefix)]:
            for collection in await client[database].list_collection_names():
                rows = self._kept.get((database, collection), [])
                await client[database][collection].delete_many({})
                if rows:
                    await client[database][collection].insert_many(rows)
        client.close()


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_a_corrupted_store_turns_exactly_its_line_bad(quiet: Quiet, name: str) -> None:
    corrupt, expected = CORRUPTIONS[name]
    url = quiet.vanthu.env["VANTHU_MONGO_URL"]
    undo = Undo(url, quiet.prefix)
    logs = {path: path.read_bytes() for path in quiet.logs}

    async def spoil() -> None:
        await undo.keep()
        client = connect(url)
        await corrupt(client, quiet)
        client.close()

    asyncio.run(spoil())
    try:
        assert quiet.bad() == expected
    finally:
        asyncio.run(undo.restore())
        for path, text in logs.items():
            path.write_bytes(text)
        if name == "consumers caught up":
            asyncio.run(catch_up(quiet))


async def catch_up(quiet: Quiet) -> None:
    settings = quiet.vanthu.settings()
    group = group_name(settings, "reporting")
    positions = await group_positions(settings, group, ("documents",))
    await commit_start(settings, group, {each: position.following for each, position in positions.items()})


def test_a_group_that_stands_beyond_the_logs_end_is_named_with_its_remedy(quiet: Quiet) -> None:
    """As after a power cut of Kafka, when the log ends before what the group has read."""

    async def stand_beyond() -> None:
        settings = quiet.vanthu.settings()
        group = group_name(settings, "reporting")
        positions = await group_positions(settings, group, ("documents",))
        await commit_start(settings, group, {each: position.following + 3 for each, position in positions.items()})

    asyncio.run(stand_beyond())
    try:
        verdict = quiet.check()["consumers caught up"]
        assert len(verdict["faults"]) == 2
        assert all("vanthu resend --service reporting" in each["detail"] for each in verdict["faults"])
    finally:
        asyncio.run(catch_up(quiet))


def test_an_installation_at_rest_keeps_every_promise(quiet: Quiet) -> None:
    verdicts = quiet.check()
    assert all(verdict["ok"] for verdict in verdicts.values())
    assert verdicts["numbers"]["counted"] == "7 entries in 2 books"
    assert verdicts["assigned"]["counted"].startswith("5 live incoming")


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"VANTHU_KAFKA_PARTITIONS": "3"}, "2 partitions instead of 3"),
        ({"VANTHU_KAFKA_TOPIC_PREFIX": "elsewhere"}, "no such topic"),
    ],
    ids=["partitions", "topics"],
)
def test_topics_and_partitions_that_are_missing_are_named(quiet: Quiet, changed: dict[str, str], words: str) -> None:
    elsewhere = Quiet(Vanthu(quiet.vanthu.data, quiet.vanthu.env | changed), quiet.ids)
    bad = {name: verdict for name, verdict in elsewhere.check().items() if not verdict["ok"]}
    assert bad.keys() == {"consumers caught up"}
    faults = bad["consumers caught up"]["faults"]
    assert len(faults) == len(TOPICS)
    assert all(words in fault["detail"] for fault in faults)


async def test_every_dead_letter_is_counted_however_many_wait(settings: ChassisSettings) -> None:
    async with opened(settings, "notify") as database:
        letters = DeadLetters(database)
        for offset in range(30):
            await letters.keep(a_record(offset), ValueError())
        await have_one_replayed(letters)
        found = [each async for each in no_dead_letters({"notify": database})]
    assert len(found) == 31
    assert found[-1] == Counted("29 waiting, 1 to be replayed")


def test_programs_can_read_what_was_published_and_rebuilt(quiet: Quiet, tmp_path: Path) -> None:
    loaded = quiet.vanthu.json("published", "load", str(PUBLISHED_FILE), "--dry-run")
    assert (loaded["kept"], loaded["faults"]) == (False, [])
    empty = tmp_path / "empty.json"
    empty.write_text("{}")
    refused = quiet.vanthu.json("published", "load", str(empty), succeeds=False)
    assert refused["kept"] is False
    assert "/office" in {fault["pointer"] for fault in refused["faults"]}


@pytest.mark.parametrize("content", [None, b"other bytes"], ids=["missing", "changed"])
def test_a_file_that_is_missing_or_changed_is_named(quiet: Quiet, content: bytes | None) -> None:
    path = quiet.file_of(quiet.ids[1])
    before = path.read_bytes()
    path.chmod(0o600)
    if content is None:
        path.unlink()
    else:
        path.write_bytes(content)
    try:
        verdicts = quiet.check()
        assert {name for name, verdict in verdicts.items() if not verdict["ok"]} == {"files"}
        assert verdicts["files"]["faults"][0]["subject"] == quiet.ids[1]
    finally:
        path.write_bytes(before)


def test_a_line_that_the_register_log_lacks_is_named(quiet: Quiet) -> None:
    before = {path: path.read_bytes() for path in quiet.logs}
    for path, text in before.items():
        path.write_bytes(b"".join(line for line in text.splitlines(True) if quiet.ids[2].encode() not in line))
    try:
        verdicts = quiet.check()
        assert {name for name, verdict in verdicts.items() if not verdict["ok"]} == {"register log"}
        assert verdicts["register log"]["faults"][0]["subject"] == quiet.ids[2]
    finally:
        for path, text in before.items():
            path.write_bytes(text)


def test_words_for_people_name_the_document_and_the_exit_code_is_one(quiet: Quiet) -> None:
    path = quiet.file_of(quiet.ids[1])
    hidden = path.rename(path.with_name("hidden"))
    try:
        done = quiet.vanthu.run("check", "--wait", "0", succeeds=False)
        assert done.returncode == 1
        assert "bad files" in done.stdout
        assert quiet.ids[1] in done.stdout
        assert json.dumps("Văn bản 1") not in done.stdout
    finally:
        hidden.rename(path)


def test_a_rebuild_says_in_json_what_it_built_and_keeps_every_promise(quiet: Quiet) -> None:
    """Last in this file: the facts are in another collection afterwards."""
    assert quiet.vanthu.json("rebuild", "reporting", "--yes")["facts"] == 7
    assert quiet.bad() == set()
