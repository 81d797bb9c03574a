"""`python -m services.embedded`: one line of JSON, then silence until it is told to stop."""

import json
import signal
from pathlib import Path

import psutil

from services.embedded import Endpoints

from .conftest import Run, ended
from .proof import NOTE, find_proof


def test_it_prints_the_addresses_and_stops_both_servers_cleanly(used_folder: Path, run_module: Run) -> None:
    command = run_module("services.embedded", "--data", str(used_folder))
    assert command.stdout is not None
    endpoints = Endpoints(**json.loads(command.stdout.readline()))
    assert find_proof(endpoints) == ([NOTE], [NOTE])
    servers = psutil.Process(command.pid).children()
    command.send_signal(signal.SIGTERM)
    assert command.wait(60) == 0
    assert all(ended(server.pid, within_seconds=0.1) for server in servers)


def test_a_start_that_is_refused_is_said_without_a_traceback(run_module: Run) -> None:
    command = run_module("services.embedded", "--data", "/dev/null/data")
    _, errors = command.communicate(timeout=60)
    assert command.returncode == 1
    assert "can't be used as data folder" in errors
    assert "Traceback" not in errors
