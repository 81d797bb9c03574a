"""What `vanthu doctor` is told, and the shared libraries."""

import os
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from services.embedded import libraries
from services.embedded.errors import UnavailableError
from services.embedded.libraries import INSTALL_LINE, missing_libraries
from services.embedded.machine import Finding, examine
from services.embedded.mongod_binary import packaged_mongod


@pytest.fixture
def lacking(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(libraries, "PACKAGE_OF", {"libnothing.so.9": "libnothing"})
    return "libnothing.so.9"


def by_name(data: Path) -> dict[str, Finding]:
    return {finding.name: finding for finding in examine(data)}


def test_a_machine_that_can_run_both_has_nothing_to_remedy(fetched_jars: Path, tmp_path: Path) -> None:
    assert [finding for finding in examine(tmp_path) if not finding.ok or finding.remedy] == []


def test_jars_that_were_never_fetched_are_found_missing_without_fetching_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VANTHU_CACHE", str(tmp_path / "empty"))
    finding = by_name(tmp_path)["Kafka's jars"]
    assert not finding.ok
    assert "python -m services.embedded.jars" in finding.remedy
    assert not (tmp_path / "empty").exists()


def test_a_full_disk_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=10**9))
    finding = by_name(tmp_path / "not" / "yet")["disk space"]
    assert not finding.ok
    assert f"1.0 GB free at {tmp_path}" in finding.detail


def test_a_missing_library_is_named_with_the_line_to_run(lacking: str, tmp_path: Path) -> None:
    assert missing_libraries() == [lacking]
    assert by_name(tmp_path)["mongod's shared libraries"].remedy == f"As root, run: {INSTALL_LINE}"
    with pytest.raises(UnavailableError, match=f"mongod needs {lacking}"):
        packaged_mongod()


def test_the_install_step_fails_with_the_line_when_it_cannot_install(
    lacking: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert libraries.main(["--install"]) == 1
    assert INSTALL_LINE in capsys.readouterr().err


def test_the_install_step_runs_the_line_as_root(lacking: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    apt_get = tmp_path / "apt-get"
    apt_get.write_text(f"#!/bin/sh\necho apt-get $* >> '{tmp_path}/done'\n")
    apt_get.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert libraries.main(["--install"]) == 1, "it is not there after the installation either"
    assert (tmp_path / "done").read_text().splitlines() == ["apt-get update", INSTALL_LINE]


def test_the_install_step_has_nothing_to_do_where_all_is_there() -> None:
    assert libraries.main(["--install"]) == 0
