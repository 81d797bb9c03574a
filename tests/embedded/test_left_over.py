"""What a killed Vanthu leaves running, and what only looks like it."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from services.embedded import EmbeddedServers
from services.embedded import process as process_module
from services.embedded.folder import DataFolder
from services.embedded.left_over import left_over_process
from services.embedded.process import ServerProcess

from .conftest import Run, ended
from .proof import NOTE, find_proof

SLEEP = [sys.executable, "-c", "import time; time.sleep(600)"]
STUBBORN = [sys.executable, "-c", "import signal, time; signal.signal(15, 1); print(1, flush=True); time.sleep(600)"]


def test_servers_of_a_killed_parent_are_stopped_and_the_data_is_there(
    used_folder: Path, run_module: Run, said: list[str]
) -> None:
    parent = run_module("tests.embedded.thread_parent", str(used_folder))
    assert parent.stdout is not None
    left_over: dict[str, int] = json.loads(parent.stdout.readline())
    parent.kill()
    parent.wait()
    assert all(psutil.pid_exists(pid) for pid in left_over.values())
    with EmbeddedServers(used_folder, say=said.append) as servers:
        assert all(ended(pid, within_seconds=0.1) for pid in left_over.values())
        assert find_proof(servers.start()) == ([NOTE], [NOTE])
    for name, pid in left_over.items():
        assert f"{name} of an earlier run is still there (process {pid}); stopping it" in said


def test_servers_started_by_the_main_thread_end_with_their_killed_parent(used_folder: Path, run_module: Run) -> None:
    parent = run_module("services.embedded", "--data", str(used_folder))
    assert parent.stdout is not None
    assert parent.stdout.readline()
    servers = psutil.Process(parent.pid).children()
    assert len(servers) == 2
    parent.kill()
    assert all(ended(server.pid, within_seconds=20) for server in servers)


def test_a_stranger_that_got_the_process_number_is_left_alone(tmp_path: Path, said: list[str]) -> None:
    with subprocess.Popen(SLEEP) as stranger:
        try:
            folder = claimed(tmp_path)
            folder.note("kafka.process.json", {"pid": stranger.pid, "command": ["java", str(tmp_path)]})
            ServerProcess("kafka", folder, said.append).stop_left_over()
            assert stranger.poll() is None
            assert said == []
        finally:
            stranger.kill()


@pytest.mark.parametrize("note", [{}, {"pid": "12"}, {"pid": os.getpid()}, {"pid": 2**22 + 1, "command": SLEEP}])
def test_a_note_that_names_no_server_of_ours_finds_none(note: dict[str, object]) -> None:
    assert left_over_process(note) is None


def test_a_server_that_does_not_stop_is_killed_and_that_is_said(
    tmp_path: Path, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process_module, "STOP_SECONDS", 0.5)
    server = ServerProcess("mongod", claimed(tmp_path), said.append)
    server.launch(STUBBORN, tmp_path)
    while not server.log.read_text():
        time.sleep(0.01)
    server.ask_to_stop()
    server.wait_until_stopped()
    assert server.pid is None
    assert "did not stop within" in said[0]


def claimed(path: Path) -> DataFolder:
    folder = DataFolder(path)
    folder.logs.mkdir()
    return folder
