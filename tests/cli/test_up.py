"""`vanthu up` on servers of its own: it starts, says what is wrong, and goes on after kill -9 of everything."""

import json
import os
import signal
import socket
import time
from pathlib import Path

import psutil
import pytest

from tests.cli.vanthu import OFFICE_FILE, PDF, Vanthu, incoming, upload

OFFICE = "vpubnd"


@pytest.fixture
def alone(tmp_path: Path) -> Vanthu:
    """An installation with embedded servers."""
    return Vanthu(tmp_path / "data", {key: value for key, value in os.environ.items() if not key.startswith("VANTHU_")})


def kill_everything_of(pid: int) -> None:
    everything = [*psutil.Process(pid).children(recursive=True), psutil.Process(pid)]
    for process in everything:
        process.send_signal(signal.SIGKILL)
    psutil.wait_procs(everything, timeout=10)


@pytest.mark.timeout(300)
def test_after_kill_9_of_every_process_the_next_start_goes_on_and_nothing_is_lost(alone: Vanthu) -> None:
    first = alone.start()
    first.until_ready()
    alone.run("office", "load", str(OFFICE_FILE), "--yes")
    key = alone.json("key", "create", "--office", OFFICE, "--device", "scan-1")["key"]
    with first.client(key) as scanner:
        before = [upload(scanner, incoming(), PDF + b"%%%d" % n, key=f"k{n}").json() for n in range(20)]
    kill_everything_of(first.process.pid)
    first.process.wait()
    with alone.up() as second, second.client(key) as scanner:
        again = [upload(scanner, incoming(), PDF + b"%%%d" % n, key=f"k{n}").json() for n in range(25)]
        assert again[:20] == before
        assert [each["number"] for each in again] == list(range(1, 26))
        verdicts = alone.json("check", "--wait", "40")
        assert all(each["ok"] for each in verdicts)
    stopped = alone.run("check", succeeds=False)
    assert stopped.returncode == 1
    assert "vanthu up" in stopped.stderr


@pytest.mark.timeout(300)
def test_a_server_that_ends_ends_up_which_names_it_and_its_log_at_once(alone: Vanthu) -> None:
    first = alone.start()
    first.until_ready()
    (mongod,) = [each for each in psutil.Process(first.process.pid).children(recursive=True) if each.name() == "mongod"]
    mongod.kill()
    first.process.wait(90)
    said = first.log.read_text()
    assert first.process.returncode == 1
    assert said.index("mongod ended unexpectedly") < said.index("Shutting down"), said
    assert str(alone.data / "logs" / "mongod.log") in said
    assert (alone.data / "logs" / "mongod.log").is_file()


def test_an_address_that_the_machine_does_not_have_is_said_with_what_to_do(alone: Vanthu) -> None:
    done = alone.run("up", "--host", "192.0.2.1", "--port", "0", succeeds=False)
    assert done.returncode == 1
    assert "Choose a --host" in done.stderr


def test_a_port_in_use_is_said_with_what_to_do(alone: Vanthu) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = alone.run("up", "--port", str(taken.getsockname()[1]), succeeds=False)
    assert done.returncode == 1
    assert "Choose another --port" in done.stderr


def test_a_command_without_a_running_installation_says_how_to_start_one(alone: Vanthu) -> None:
    nowhere = Vanthu(alone.data, {**alone.env, "VANTHU_MONGO_URL": "mongodb://127.0.0.1:1/?directConnection=true"})
    started = time.monotonic()
    done = nowhere.run("key", "list", succeeds=False)
    assert done.returncode == 1
    assert "VANTHU_MONGO_URL" in done.stderr
    assert time.monotonic() - started < 15


def test_doctor_names_every_missing_thing_with_its_remedy_and_exits_non_zero(alone: Vanthu) -> None:
    nowhere = {
        "VANTHU_MONGO_URL": "mongodb://127.0.0.1:1/?directConnection=true",
        "VANTHU_KAFKA_BOOTSTRAP": "127.0.0.1:1",
    }
    done = Vanthu(alone.data, {**alone.env, **nowhere}).run("doctor", "--json", succeeds=False)
    examined = json.loads(done.stdout)
    assert done.returncode == 1
    assert {each["part"] for each in examined if not each["ok"]} == {"MongoDB", "Kafka"}
    assert all(each["remedy"] for each in examined if not each["ok"])
