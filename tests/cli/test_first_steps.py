"""What somebody does first, and what they are told when it is wrong."""

import re
import subprocess
from pathlib import Path

import pytest

from services.embedded import Endpoints
from tests.cli.vanthu import COMMAND, OFFICE_FILE, Vanthu, new_vanthu

OFFICE = "vpubnd"
NARROW = {"COLUMNS": "60"}


@pytest.fixture(scope="module")
def fresh(servers: Endpoints, tmp_path_factory: pytest.TempPathFactory) -> Vanthu:
    return new_vanthu(servers, tmp_path_factory.mktemp("fresh"))


def test_a_device_key_needs_an_office_that_there_is(fresh: Vanthu) -> None:
    refused = fresh.run("key", "create", "--office", "nope", "--device", "d", succeeds=False)
    assert refused.returncode == 1
    assert "There is no office nope" in refused.stderr
    assert "vanthu office load FILE" in refused.stderr


def test_a_book_that_the_office_never_had_is_opened_only_on_purpose(fresh: Vanthu) -> None:
    fresh.run("office", "load", str(OFFICE_FILE), "--yes")
    asked = ("key", "create", "--office", OFFICE, "--device", "d", "--book", "petitions")
    refused = fresh.run(*asked, succeeds=False)
    assert refused.returncode == 1
    assert "has no book petitions. Add --new-book" in refused.stderr
    assert fresh.json(*asked, "--new-book")["book"] == "petitions"
    assert fresh.json(*asked)["book"] == "petitions"


def test_the_id_of_a_key_is_never_cut_for_it_is_to_be_copied(fresh: Vanthu) -> None:
    fresh.run("office", "load", str(OFFICE_FILE), "--yes")
    kid = fresh.json("key", "create", "--office", OFFICE, "--device", "a-scanner-with-a-long-name")["key"].split(".")[0]
    assert kid in Vanthu(fresh.data, fresh.env | NARROW).run("key", "list").stdout
    fresh.run("key", "revoke", kid)


def test_every_option_is_listed_with_its_whole_name(fresh: Vanthu) -> None:
    command = [*COMMAND, "settings"]
    listed = subprocess.run(command, env=fresh.env | NARROW, capture_output=True, text=True, check=True).stdout
    for name in ("VANTHU_MONGO_DATABASE_PREFIX", "VANTHU_KAFKA_BOOTSTRAP", "VANTHU_DATA", "VANTHU_PORT"):
        assert name in listed


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("VANTHU_TIMEZONE", "Mars/X", "no such time zone"),
        ("VANTHU_MONGO_URL", "mongodb://127.0.0.1:/?replicaSet=rs0", "no connection string"),
        ("VANTHU_MONGO_URL", "http://127.0.0.1:27017/", "no connection string"),
        ("VANTHU_KAFKA_PARTITIONS", "abc", "valid integer"),
        ("VANTHU_MAX_DOCUMENT_BYTES", "-5", "greater than or equal to 1"),
    ],
)
def test_an_option_that_cannot_be_is_named_by_the_service_and_by_the_doctor(
    fresh: Vanthu, name: str, value: str, words: str
) -> None:
    wrong = Vanthu(fresh.data, fresh.env | {name: value})
    for command in (("serve", "intake", "--port", "0"), ("doctor",)):
        done = wrong.run(*command, succeeds=False)
        said = done.stdout + done.stderr
        assert done.returncode == 1
        assert name in said
        assert words in said
        assert "Traceback" not in said
        assert value not in said.replace("Asia/Ho_Chi_Minh", "")


@pytest.mark.parametrize("command", [("check",), ("backup", "a-folder"), ("key", "list"), ("recover",)], ids=" ".join)
def test_every_command_names_an_option_that_cannot_be(fresh: Vanthu, command: tuple[str, ...]) -> None:
    done = Vanthu(fresh.data, fresh.env | {"VANTHU_MONGO_URL": "mongodb://somebody:s3cret@:port/"}).run(
        *command, succeeds=False
    )
    assert done.returncode == 1
    assert "VANTHU_MONGO_URL" in done.stderr
    assert "Traceback" not in done.stderr
    assert "s3cret" not in done.stderr


def test_the_doctor_names_a_variable_that_nobody_reads(fresh: Vanthu) -> None:
    done = Vanthu(fresh.data, fresh.env | {"VANTHU_KAFKA_BOOTSTRAPP": "x"}).run("doctor", succeeds=False)
    assert done.returncode == 1
    assert "VANTHU_KAFKA_BOOTSTRAPP: is no option" in done.stdout


@pytest.mark.parametrize("port", ["99999", "-1"])
def test_a_port_that_cannot_be_is_refused_in_words(fresh: Vanthu, port: str) -> None:
    done = fresh.run("up", "--port", port, succeeds=False)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_a_file_instead_of_a_data_folder_is_refused_in_words(fresh: Vanthu, tmp_path: Path) -> None:
    file = tmp_path / "afile"
    file.write_text("")
    done = Vanthu(file, fresh.env).run("key", "list", succeeds=False)
    assert done.returncode == 2
    assert "is a file" in re.sub(r"[\s│]+", " ", done.stderr)


def test_a_folder_in_which_nothing_runs_is_named(fresh: Vanthu, tmp_path: Path) -> None:
    nameless = {name: value for name, value in fresh.env.items() if name != "VANTHU_MONGO_URL"}
    done = Vanthu(tmp_path / "nosuch", nameless).run("key", "list", succeeds=False)
    assert done.returncode == 1
    assert str(tmp_path / "nosuch") in done.stderr
    assert "--data" in done.stderr
