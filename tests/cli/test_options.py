"""Every option says what it does, in which unit."""

import re

import pytest

from services.cli.main import COMMANDS, new_app
from services.cli.options import Option, options

UNITS = ("seconds", "milliseconds", "hours", "days", "bytes", "records")


@pytest.mark.parametrize("option", list(options()), ids=lambda option: option.name)
def test_every_option_has_a_sentence_and_names_its_unit(option: Option) -> None:
    assert option.says.endswith("."), option.says
    for unit in UNITS:
        if option.name.endswith(f"_{unit.upper()}"):
            assert re.search(rf"\b{unit}\b|\bseconds?\b", option.says), option.says


def test_no_two_options_share_a_variable() -> None:
    names = [option.name for option in options()]
    assert len(names) == len(set(names))


def test_every_command_is_in_the_help_with_a_sentence() -> None:
    app = new_app(COMMANDS)
    assert {command.name for command in app.registered_commands} | {
        group.name for group in app.registered_groups
    } == set(COMMANDS)
    assert all((command.callback and command.callback.__doc__) for command in app.registered_commands)
