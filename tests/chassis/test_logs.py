"""Logs say what happened and where, never what stood in a document."""

import json
import logging

import pytest

from services.chassis.logs import logger, set_up_logs


def fail_with(text: str) -> None:
    raise ValueError(text)


@pytest.mark.parametrize("json_wanted", [True, False], ids=["for programs", "for people"])
def test_a_traceback_names_places_and_no_values(json_wanted: bool, capsys: pytest.CaptureFixture[str]) -> None:
    handlers, level = logging.getLogger().handlers[:], logging.getLogger().level
    set_up_logs("INFO", json=json_wanted)
    try:
        fail_with("canary: V/v tố cáo ông A")
    except ValueError:
        logger("intake").exception("record fails", topic="documents")
        logging.getLogger("elsewhere").exception("library fails")
    finally:
        logging.getLogger().handlers[:] = handlers
        logging.getLogger().setLevel(level)
    said = capsys.readouterr().err
    assert "canary" not in said
    assert "ValueError" in said
    assert "fail_with" in said
    if json_wanted:
        assert {json.loads(line)["level"] for line in said.splitlines()} == {"error"}
