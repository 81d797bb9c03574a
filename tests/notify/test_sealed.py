"""Of a sealed document nobody is told more than its number, whatever comes late."""

from datetime import UTC, date, datetime
from typing import Any

from services.events import (
    AssignmentReturned,
    AssignmentWithdrawn,
    DocumentErased,
    DocumentSealed,
    DocumentState,
    DocumentUnsealed,
)
from services.notify.rows import ledger_of, ledger_row
from services.notify.telling import Told, tell
from services.notify.webhook.payload import Subscriber, deliveries_of
from tests.notify.facts import CANARY, said
from tests.notify.test_telling import DIRECTORY, NOW
from tests.offices import HA_TINH


def seal(type: Any = DocumentSealed, version: int = 2) -> Any:
    state = DocumentState(
        document_id="d1",
        direction="incoming",
        book="incoming",
        year=2026,
        number=123,
        received_at=NOW,
        status="voided" if type is DocumentErased else "registered",
        kind="other",
        arrived_on=date(2026, 2, 5),
        sealed=type is not DocumentUnsealed,
    )
    return type(office=HA_TINH, key="d1", version=version, recorded_at=NOW, document=state)


def after(told: Told, **more: Any) -> Told:
    """What follows on a ledger that was stored and read again."""
    known = {key: ledger_of(ledger_row(each)) for key, each in told.ledgers.items()}
    return tell(known, more.pop("causes", []), DIRECTORY, NOW, **more)


def words_of(told: Told) -> str:
    return str([ledger_row(each) for each in told.ledgers.values()]) + str(told.notices)


def first() -> Told:
    told = tell({}, [said(subject=CANARY, note=CANARY)], DIRECTORY, NOW)
    assert CANARY in words_of(told)
    return told


def test_a_seal_hides_the_notices_that_were_told_and_the_words_for_those_to_come() -> None:
    told = after(first(), seals=[seal()])
    assert told.hidden == {"d1"}
    assert CANARY not in words_of(told)


def test_words_that_come_after_the_seal_are_not_told() -> None:
    sealed = after(first(), seals=[seal()])
    late = after(sealed, causes=[said(AssignmentReturned, version=2, subject=CANARY, note=CANARY)])
    assert {each.person_id for each in late.notices} == {"hoa", "security"}
    assert CANARY not in words_of(late)


def test_an_older_unsealing_changes_nothing_and_a_newer_one_gives_words_to_what_is_said_next() -> None:
    sealed = after(first(), seals=[seal(version=4)])
    assert after(sealed, seals=[seal(DocumentUnsealed, 3)]).ledgers == {}
    open_again = after(sealed, seals=[seal(DocumentUnsealed, 5)])
    again = after(open_again, causes=[said(version=2, lead="lan", subject=CANARY)])
    assert {each.about.subject for each in again.notices} == {CANARY}


def test_who_had_an_erased_document_learns_that_its_number_is_withdrawn_and_nothing_more() -> None:
    sealed = after(first(), seals=[seal()])
    erased = after(sealed, seals=[seal(DocumentErased, 3)])
    told = after(erased, causes=[said(AssignmentWithdrawn, version=2, lead=None, subject=None)])
    (notice,) = told.notices
    assert (notice.person_id, notice.telling, notice.about.number) == ("hoa", "withdrawn", 123)
    assert CANARY not in words_of(told)


def test_no_webhook_hears_of_a_sealed_document() -> None:
    sealed = after(first(), seals=[seal()])
    late = after(sealed, causes=[said(version=2, lead="lan")])
    at = datetime.now(UTC)
    subscriber = Subscriber("s", HA_TINH, "https://x", "whsec_", frozenset({"vanthu.document-assigned.v1"}), True, at)
    news = at - datetime(2000, 1, 1, tzinfo=UTC)
    assert len(deliveries_of(first(), [subscriber], at, news)) == 1
    assert deliveries_of(late, [subscriber], at, news) == []
