"""The mutations themselves: what does not apply would try nothing."""

import subprocess

import pytest

from tests.faults.mutations import ROOT, Mutation, mutations


@pytest.mark.parametrize("mutation", mutations(()), ids=lambda mutation: mutation.name)
def test_a_mutation_applies_to_the_code_as_it_is(mutation: Mutation) -> None:
    asked = ["git", "apply", "--check", "--whitespace=nowarn", str(mutation.patch)]
    applied = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=False)
    assert not applied.returncode, applied.stderr
