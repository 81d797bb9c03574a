"""Real servers: what they keep, where they answer, and how they end."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from pymongo import MongoClient

from services.embedded import EmbeddedError, EmbeddedServers, Endpoints
from services.embedded.errors import FolderInUseError

from .conftest import ended
from .proof import NOTE, find_proof

ELSEWHERE = "kafka.example:9092"


@pytest.fixture(scope="module")
def running(used_folder: Path) -> Iterator[EmbeddedServers]:
    with EmbeddedServers(used_folder) as servers:
        yield servers


def test_documents_and_records_outlive_a_restart(running: EmbeddedServers) -> None:
    assert find_proof(running.start()) == ([NOTE], [NOTE])


def test_a_restart_goes_on_with_the_same_addresses(running: EmbeddedServers) -> None:
    before = running.start()
    running.stop()
    assert running.start() == before


def test_a_second_vanthu_in_the_same_folder_is_refused_and_the_first_goes_on(
    used_folder: Path, running: EmbeddedServers
) -> None:
    with pytest.raises(FolderInUseError, match=f"process {os.getpid()}"):
        EmbeddedServers(used_folder).start()
    assert running.ended() == []
    assert find_proof(running.start()) == ([NOTE], [NOTE])


def test_an_open_transaction_of_a_dead_client_blocks_for_five_seconds_at_most(running: EmbeddedServers) -> None:
    with MongoClient[dict[str, int]](running.start().mongo_url) as client:
        setting = client.admin.command("getParameter", 1, transactionLifetimeLimitSeconds=1)
    assert setting["transactionLifetimeLimitSeconds"] == 5


def test_ctrl_c_in_the_terminal_does_not_reach_the_servers(running: EmbeddedServers) -> None:
    pids = running.processes()
    assert sorted(pids) == ["kafka", "mongod"]
    assert all(os.getsid(pid) == pid for pid in pids.values())


@pytest.mark.parametrize("folder", ["kafka", "mongod", "logs"])
def test_what_is_kept_is_for_this_user_only(used_folder: Path, folder: str) -> None:
    assert (used_folder / folder).stat().st_mode & 0o077 == 0


def test_servers_that_run_elsewhere_are_used_as_they_are(tmp_path: Path) -> None:
    data = tmp_path / "data"
    servers = EmbeddedServers(data, mongo_url="mongodb://db.example/", kafka_bootstrap=ELSEWHERE)
    assert servers.start() == Endpoints("mongodb://db.example/", ELSEWHERE)
    assert servers.processes() == {}
    assert not data.exists()


def test_only_what_is_missing_is_started_and_its_end_is_noticed(tmp_path: Path) -> None:
    with EmbeddedServers(tmp_path, kafka_bootstrap=ELSEWHERE) as servers:
        assert list(servers.processes()) == ["mongod"]
        pid = servers.processes()["mongod"]
        os.kill(pid, signal.SIGKILL)
        assert ended(pid, within_seconds=10)
        assert servers.ended() == ["mongod"]
    assert servers.processes() == {}


def test_a_failed_start_shows_the_end_of_the_log_and_leaves_nothing_running(tmp_path: Path) -> None:
    (tmp_path / "mongod").mkdir()
    (tmp_path / "mongod" / "storage.bson").write_bytes(b"not a database")
    servers = EmbeddedServers(tmp_path, kafka_bootstrap=ELSEWHERE)
    with pytest.raises(EmbeddedError) as failure:
        servers.start()
    assert f"The last lines of {tmp_path / 'logs' / 'mongod.log'}:\n  | " in str(failure.value)
    assert servers.processes() == {}


def test_a_folder_that_may_not_be_written_is_refused_with_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file where the folder should be")
    with pytest.raises(EmbeddedError, match="can't be used as data folder") as refusal:
        EmbeddedServers(tmp_path / "data").start()
    assert refusal.value.remedy
