"""The judge of webhooks finds each breach that it is there for."""

from dataclasses import fields, replace
from typing import Any

import pytest

from tests.faults.evidence import Evidence, Row
from tests.faults.ledger import Heard
from tests.faults.oracle import judge_webhooks

CAUSE = "d1:1"
GOOD = Heard("one", "id-1", CAUSE, b"{}")
ROW = {"_id": "id-1", "subscriber_id": "one", "cause": CAUSE, "status": "delivered"}


def evidence(*deliveries: Row) -> Evidence:
    lists: dict[str, Any] = {each.name: [] for each in fields(Evidence)}
    said = {"key": "d1", "version": 1, "topic": "assignments"}
    return Evidence(**lists | {"events": {"routing": [said]}, "deliveries": list(deliveries)})


def test_one_webhook_for_each_subscriber_and_event_is_no_breach_nor_is_its_repeat() -> None:
    assert judge_webhooks(evidence(ROW), [GOOD], ["one"]) == []
    assert judge_webhooks(evidence(ROW), [GOOD, GOOD], ["one"]) == []


BROKEN = [
    ([], [ROW | {"status": "failed"}], "a webhook comes at least once"),
    ([GOOD, replace(GOOD, id="id-2")], [ROW], "a webhook has one id"),
    ([GOOD, replace(GOOD, body=b"[]")], [ROW], "a repeat says the same"),
    ([GOOD, replace(GOOD, cause="d2:1")], [ROW], "no webhook from nowhere"),
    ([GOOD], [ROW, ROW | {"_id": "id-2", "status": "failed"}], "one delivery per subscriber and event"),
    ([GOOD], [ROW | {"_id": "id-2"}], "what is delivered was heard"),
    ([GOOD], [ROW | {"status": "pending"}], "a delivery ends"),
]


@pytest.mark.parametrize(("heard", "deliveries", "promise"), BROKEN)
def test_each_breach_is_named(heard: list[Heard], deliveries: list[Row], promise: str) -> None:
    assert {each.promise for each in judge_webhooks(evidence(*deliveries), heard, ["one"])} == {promise}
