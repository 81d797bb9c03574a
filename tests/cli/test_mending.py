"""What ops do when a reader has missed or could not use something: `vanthu resend` and `vanthu dead-letters`."""

import asyncio
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from services.chassis.kafka import new_producer, topic_name
from services.chassis.mongo import connect
from services.cli import journals
from services.cli.databases import opened
from services.embedded import Endpoints
from tests.cli.vanthu import OFFICE_FILE, PDF, Up, Vanthu, incoming, new_vanthu, upload
from tests.eventually import eventually

OFFICE = "vpubnd"
DOCUMENTS = 3


@dataclass
class Installed:
    """An installation with three documents, told and counted, and its services running."""

    vanthu: Vanthu
    up: Up

    def wait_for(self, there: Callable[[], bool], seconds: float = 40.0) -> None:
        async def ask() -> bool:
            return await asyncio.to_thread(there)

        asyncio.run(eventually(ask, seconds=seconds))

    def letters(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self.vanthu.json("dead-letters", "list")
        return rows

    def events(self, wanted: dict[str, Any]) -> int:
        async def count() -> int:
            settings = self.vanthu.settings()
            client = connect(settings.mongo_url.get_secret_value())
            rows = client[f"{settings.mongo_database_prefix}_intake"]["events"]
            try:
                return int(await rows.count_documents(wanted))
            finally:
                client.close()

        return asyncio.run(count())

    def say_nonsense(self) -> None:
        """An event of a type that nobody knows."""

        async def send() -> None:
            settings = self.vanthu.settings()
            producer = new_producer(settings)
            await producer.start()
            headers = [("ce_type", b"vanthu.nonsense.v1")]
            await producer.send_and_wait(topic_name(settings, "documents"), b"{}", key=b"x", headers=headers)
            await producer.stop()

        asyncio.run(send())


@pytest.fixture(scope="module")
def installed(servers: Endpoints, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installed]:
    vanthu = new_vanthu(servers, tmp_path_factory.mktemp("mending"))
    with vanthu.up() as up:
        vanthu.run("office", "load", str(OFFICE_FILE), "--yes")
        key = vanthu.json("key", "create", "--office", OFFICE, "--device", "scan-1")["key"]
        with up.client(key) as scanner:
            for number in range(DOCUMENTS):
                upload(scanner, incoming(), PDF + b"%%%d" % number).raise_for_status()
        vanthu.run("check", "--wait", "40")
        yield Installed(vanthu, up)


def test_resend_says_every_event_again_and_changes_nothing(installed: Installed) -> None:
    assert installed.events({"unsent": {"$exists": False}, "topic": "documents"}) == DOCUMENTS
    asked_at = datetime.now(UTC)
    assert installed.vanthu.json("resend", "--topic", "documents", "--yes") == {"documents": DOCUMENTS}
    sent_again = {"unsent": {"$exists": False}, "topic": "documents", "sent_at": {"$gt": asked_at}}
    installed.wait_for(lambda: installed.events(sent_again) == DOCUMENTS)
    assert all(each["ok"] for each in installed.vanthu.json("check", "--wait", "40"))


def test_resend_takes_a_long_journal_in_pieces(installed: Installed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journals, "PIECE_ROWS", 2)

    async def marked() -> list[int]:
        async with opened(installed.vanthu.settings(), "intake") as database:
            return [count async for count in journals.marked_unsent(database["events"], {"topic": "documents"})]

    assert asyncio.run(marked()) == [2, 1]


def test_resend_can_be_narrowed_to_what_was_recorded_since(installed: Installed) -> None:
    said = installed.vanthu.json("resend", "--topic", "documents", "--since", "2999-01-01", "--yes")
    assert said == {"documents": 0}


def test_resend_names_the_topics_there_are_and_asks_before_it_changes_anything(installed: Installed) -> None:
    unknown = installed.vanthu.run("resend", "--topic", "letters", "--yes", succeeds=False)
    assert unknown.returncode == 2
    assert "topics are" in unknown.stderr
    unasked = installed.vanthu.run("resend", succeeds=False)
    assert unasked.returncode == 1
    assert "--yes" in unasked.stderr


def test_a_dead_letter_is_listed_shown_replayed_and_discarded(installed: Installed) -> None:
    installed.say_nonsense()
    installed.wait_for(lambda: {each["service"] for each in installed.letters()} >= {"routing", "notify", "reporting"})
    (letter,) = [each for each in installed.letters() if each["service"] == "routing"]
    assert "vanthu.nonsense.v1" in letter["cause"]
    shown = installed.vanthu.run("dead-letters", "show", "routing", letter["id"]).stdout
    assert '"value": "{}"' in shown
    assert any(not each["ok"] for each in installed.vanthu.json("check", "--wait", "0", succeeds=False))

    installed.vanthu.run("dead-letters", "replay", "routing", letter["id"])
    installed.wait_for(lambda: len(audit_of(installed, letter["id"])) >= 2)
    assert letter["id"] in [each["id"] for each in installed.letters()]  # it is no better than it was

    for service in ("routing", "notify", "reporting"):
        installed.vanthu.run("dead-letters", "discard", service, "all")
    assert installed.letters() == []
    assert all(each["ok"] for each in installed.vanthu.json("check", "--wait", "40"))


def test_a_dead_letter_that_is_not_there_is_said_with_what_to_do(installed: Installed) -> None:
    done = installed.vanthu.run("dead-letters", "discard", "routing", "nothing", succeeds=False)
    assert done.returncode == 1
    assert "dead-letters list" in done.stderr


def audit_of(installed: Installed, id: str) -> list[Any]:
    shown: dict[str, Any] = json.loads(installed.vanthu.run("dead-letters", "show", "routing", id).stdout)
    audit: list[Any] = shown["audit"]
    return audit
