"""The mutations themselves: what does not apply, or is red for whatever reason, would try nothing."""

import re
import subprocess

import pytest

from tests.faults.mutations import HERE, ROOT, mutations
from tests.faults.verdicts import Mutation, Verdict, known, mutated, unmutated

SAYS = re.compile("bytes are kept")
RED = """
tests/faults/lab.py:71: in judge
    assert not breaches, told(breaches, known, evidence)
E   AssertionError: bytes are kept: sent a, stored None d-1
E     1 in all
"""


@pytest.mark.parametrize("mutation", mutations(), ids=lambda mutation: mutation.name)
def test_a_mutation_applies_to_the_code_as_it_is(mutation: Mutation) -> None:
    asked = ["git", "apply", "--check", "--whitespace=nowarn", str(mutation.patch)]
    applied = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=False)
    assert not applied.returncode, applied.stderr


@pytest.mark.parametrize("mutation", mutations(), ids=lambda mutation: mutation.name)
def test_a_mutation_names_a_test_that_is_there(mutation: Mutation) -> None:
    path, _, chosen = mutation.test.partition(" -k ")
    assert chosen in (ROOT / path).read_text()


@pytest.mark.parametrize("mutation", mutations(), ids=lambda mutation: mutation.name)
def test_a_promise_or_function_that_a_mutation_expects_to_read_of_is_there(mutation: Mutation) -> None:
    judged = "".join(path.read_text() for path in (HERE / "judging").glob("*.py"))
    tested = (ROOT / mutation.test.partition(" -k ")[0]).read_text()
    worded = [each for each in mutation.says.pattern.split("|") if re.fullmatch("[a-z_' ]+", each)]
    for each in worded:
        assert f'Breach("{each}' in judged or f"def {each.removeprefix('in ')}(" in tested


def test_an_empty_set_of_dead_letters_is_what_passing_over_failures_says() -> None:
    (mutation,) = mutations(["no-dead-letter"])
    with pytest.raises(AssertionError) as raised:
        assert set() == {"d-1", "d-2"}
    assert mutated(mutation.says, 1, f"E   AssertionError: {raised.value}").passed


def test_a_red_test_that_names_what_was_broken_proves_the_mutation() -> None:
    assert mutated(SAYS, 1, RED) == Verdict(True, "bytes are kept: sent a, stored None d-1")
    assert mutated(re.compile("in judge"), 1, RED).passed


@pytest.mark.parametrize(
    ("code", "output", "said"),
    [
        (0, "1 passed", "nobody noticed"),
        (1, "E   AssertionError: intake is not ready: \n", "red for another reason: intake is not ready:"),
        (1, "nothing like an error", "red for another reason: nothing like an error"),
        (2, "INTERRUPTED", "nothing was tried: INTERRUPTED"),
    ],
)
def test_whatever_else_a_test_ends_with_proves_nothing(code: int, output: str, said: str) -> None:
    assert mutated(SAYS, code, output) == Verdict(False, said)


def test_a_mutation_is_not_proven_where_its_test_fails_without_it() -> None:
    assert unmutated(0, "1 passed").passed
    assert unmutated(1, RED) == Verdict(False, "fails unmutated: bytes are kept: sent a, stored None d-1")


def test_only_what_has_passed_with_this_code_and_this_patch_is_not_tried_again() -> None:
    line = {"test": "t", "patch": "p", "code": "c", "passed": True, "said": "so"}
    assert known([line], "t", "p", "c") == Verdict(True, "so")
    assert known([line], "t", "p", "other code") is None
    assert known([line], "t", "other patch", "c") is None
    assert known([line | {"passed": False}], "t", "p", "c") is None
