"""`vanthu rules check`, as far as it needs no server."""

import json
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from services.cli.main import new_app
from tests.routing.small_office import office, row, rules


def checked(folder: Path, table: Any) -> tuple[int, str]:
    (folder / "table.json").write_text(json.dumps(table))
    (folder / "office.json").write_text(json.dumps(office()))
    told = ["rules", "check", str(folder / "table.json"), "--office-file", str(folder / "office.json")]
    result = CliRunner().invoke(new_app(["rules"]), told)
    return result.exit_code, result.output


def test_a_sound_table_can_be_loaded(tmp_path: Path) -> None:
    assert checked(tmp_path, rules())[0] == 0


def test_a_row_in_vain_is_named_and_refused(tmp_path: Path) -> None:
    again = [row("first", "NC", suffix='"NC"'), row("again", "KT", suffix='"NC"'), row("default", "TH")]
    assert checked(tmp_path, rules(again))[0] == 1


def test_an_unknown_unit_is_refused(tmp_path: Path) -> None:
    assert checked(tmp_path, rules([row("default", "XX")]))[0] == 1
