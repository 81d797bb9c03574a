"""The account of bad inputs: what counts, what is not enough, and what is kept of a whole run."""

from pathlib import Path
from typing import Any

import pytest

from tests.bad_input.budget import PERCENT, Account
from tests.bad_input.conftest import keep, kept, of_this_code
from tests.faults.table import LEAST_INPUTS, as_markdown, input_cells, lacking_inputs

HTTP = ("intake", "POST /documents")


def nothing(name: str, value: object) -> None:
    pass


def filled(accepted: int, refused: int, to: tuple[str, str] | None = None) -> Account:
    account = Account("office file")
    for number in range(accepted + refused):
        account.count(f"{to}{number}".encode(), accepted=number < accepted, to=to)
    return account


def test_the_same_input_again_is_none() -> None:
    account = Account("office file")
    for _ in range(3):
        account.count(b"same", accepted=True, to=HTTP)
    assert (account.total.made, account.total.accepted) == (1, 1)
    assert (account.tallies[HTTP].made, account.tallies[HTTP].accepted) == (1, 1)


def test_too_few_or_too_many_refused_is_not_enough() -> None:
    enough = filled(0, 0).promised
    filled(enough, 0).settle(nothing)
    with pytest.raises(AssertionError, match="different inputs were executed"):
        filled(enough - 1, 0).settle(nothing)
    with pytest.raises(AssertionError, match="accepted"):
        filled(1, enough).settle(nothing)


def test_each_service_accepts_a_third_and_each_operation_something() -> None:
    account = filled(filled(0, 0).promised, 0, HTTP)
    account.settle(nothing)
    account.count(b"routing", accepted=False, to=("routing", "POST /accept"))
    with pytest.raises(AssertionError, match="less than a third accepted of routing"):
        account.settle(nothing)
    account.count(b"other", accepted=True, to=("routing", "GET /work"))
    with pytest.raises(AssertionError, match="nothing was ever accepted of routing POST /accept"):
        account.settle(nothing)


def test_the_last_account_of_a_part_with_this_code_is_kept_and_shown(tmp_path: Path) -> None:
    path = tmp_path / "faults" / "bad_inputs.jsonl"
    keep(filled(3, 1, HTTP), {"a": "passed", "b": "failed"}, "begun", path)
    (line,) = kept(path)
    assert line["code"] == "changed in mid-run begun"
    assert of_this_code([line], line["code"]) == {"office file": line}
    assert of_this_code([line], "another") == {}
    assert line["failed"] == ["b"]
    assert input_cells(line) == ("office file", "4", "3 (75%)", "intake 75%", "1")


def test_a_green_repetition_takes_no_red_account_away() -> None:
    red, green = ({"part": "http", "code": "c", "failed": failed} for failed in (["a"], []))
    assert of_this_code([red, green], "c")["http"]["failed"] == ["a"]
    assert of_this_code([green], "c")["http"]["failed"] == []


def test_a_part_that_was_not_made_or_failed_is_lacking() -> None:
    whole: dict[str, dict[str, Any]] = {part: {"failed": [], "made": LEAST_INPUTS} for part in PERCENT}
    assert lacking_inputs(whole) == []
    assert lacking_inputs(whole | {"http": {"failed": ["b"], "made": 1}}) == ["failed: b"]
    del whole["http"]
    assert lacking_inputs(whole) == ["bad inputs of the part http were not made"]


def test_a_table_is_written_as_markdown() -> None:
    cells: list[tuple[Any, ...]] = [("1", "2")]
    assert as_markdown(("a", "b"), cells) == "| a | b |\n| --- | --- |\n| 1 | 2 |\n"
