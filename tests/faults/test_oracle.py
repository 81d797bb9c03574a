"""The judge finds nothing wrong with what is right, and each breach that it is there for, one by one."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.good_office import evidence
from tests.faults.good_words import FIRST, ISSUED, SECOND, ledger
from tests.faults.harming import Harm, Office, erase_the_issued, letter, renumber, void_the_second
from tests.faults.harms import HARMS
from tests.faults.oracle import judge, told
from tests.faults.test_webhook_oracle import BROKEN

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
JUDGES = [HERE / "oracle.py", HERE / "evidence.py", HERE / "ledger.py", *sorted((HERE / "judging").glob("*.py"))]


def test_what_is_right_is_no_breach() -> None:
    assert judge(ledger(), evidence()) == []


def test_what_was_rightly_voided_is_no_breach() -> None:
    office = Office(ledger(), evidence())
    void_the_second(office)
    breaches = judge(office.known, office.found)
    assert not breaches, told(breaches, office.known, office.found)


def test_what_was_rightly_erased_is_no_breach() -> None:
    office = Office(ledger(), evidence())
    erase_the_issued(office)
    breaches = judge(office.known, office.found, erased={ISSUED})
    assert not breaches, told(breaches, office.known, office.found)


@pytest.mark.parametrize("harm", HARMS, ids=lambda harm: harm.what)
def test_each_harm_breaks_exactly_its_promises(harm: Harm) -> None:
    office = Office(ledger(), evidence())
    harm.do(office)
    breaches = judge(office.known, office.found, erased=harm.erased)
    assert {each.promise for each in breaches} == set(harm.promises), told(breaches, office.known, office.found)


@pytest.mark.parametrize("path", JUDGES, ids=lambda path: path.stem)
def test_every_promise_that_is_judged_is_broken_by_a_harm(path: Path) -> None:
    calls = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
    promises = [node.args[0] for node in calls if isinstance(node.func, ast.Name) and node.func.id == "Breach"]
    literals = {str(each.value) for each in promises if isinstance(each, ast.Constant)}
    assert all(isinstance(each, ast.Constant) for each in promises), "a promise that is made up cannot be counted"
    broken = {promise for harm in HARMS for promise in harm.promises} | {promise for _, _, promise in BROKEN}
    assert literals <= broken, f"nothing breaks {sorted(literals - broken)}"


def test_dead_letters_that_are_the_poison_are_no_breach_and_one_that_is_missing_is() -> None:
    found = evidence()
    found.dead_letters.append(letter("poison"))
    poison = ("routing", "poison")
    assert judge(ledger(), found, poison=[poison]) == []
    breaches = judge(ledger(), found, poison=[poison, ("notify", "more")])
    assert [each.documents for each in breaches] == [("more",)]


def test_a_dead_letter_of_the_same_document_in_another_service_is_no_poison() -> None:
    found = evidence()
    found.dead_letters += [letter(FIRST), {**letter(FIRST), "service": "notify"}]
    (breach,) = judge(ledger(), found, poison=[("routing", FIRST)])
    assert "notify's" in str(breach)


def test_what_was_sent_before_the_log_was_cut_may_be_missing_there() -> None:
    found = evidence()
    found.starts["assignments"] = {0: 2}
    found.log["assignments"] = found.log["assignments"][2:]
    assert judge(ledger(), found) == []
    found.starts["assignments"] = {0: 0}
    assert {each.promise for each in judge(ledger(), found)} == {"what is sent is in Kafka"}


def test_the_neighbours_of_a_gap_and_the_documents_of_a_cell_tell_their_stories() -> None:
    office = Office(ledger(), evidence())
    renumber(office, SECOND, 5)
    gap = next(each for each in judge(office.known, office.found) if each.promise == "numbers have no gap")
    assert gap.documents == (FIRST, SECOND)
    story = told([gap], office.known, office.found)
    assert all(f"what is there of {id}" in story for id in gap.documents)
    assert "the ledger of ('scan', '1')" in story

    office = Office(ledger(), evidence())
    office.counter("annual", "2026").update({"out:quyet_dinh": {"01": 1}})
    cells = judge(office.known, office.found)
    assert {each.documents for each in cells} == {(ISSUED,), ()}


@pytest.mark.parametrize("path", JUDGES, ids=lambda path: path.stem)
def test_no_judge_imports_the_product(path: Path) -> None:
    nodes = list(ast.walk(ast.parse(path.read_text())))
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)]
    assert not [each for each in names if each.split(".")[0] == "services"]


def test_the_judge_runs_where_there_is_no_product() -> None:
    code = "import sys; sys.modules['services'] = None; import tests.faults.oracle"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert not done.returncode, done.stderr
