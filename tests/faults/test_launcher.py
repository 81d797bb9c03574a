"""A fault that strikes nobody proves nothing: each is wrapped around a function where that is called."""

import ast
from importlib import import_module
from pathlib import Path

import pytest

from tests.faults.launcher import CRASH_POINTS

FUNCTIONS = sorted({(module, function) for module, function, _ in CRASH_POINTS.values() if "." not in function})


@pytest.mark.parametrize(("module", "function"), FUNCTIONS)
def test_a_point_is_in_the_module_that_calls_the_function(module: str, function: str) -> None:
    """Others that have imported the name, as those of a forked process have, keep the function without the fault."""
    tree = ast.parse(Path(str(import_module(module).__file__)).read_text())
    read = [each for each in ast.walk(tree) if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Load)]
    assert function in {each.id for each in read}
