"""What the senders said stands in the register and in every event, but for what a clerk has changed since.

Source: the metadata of the ledger. A restricted document's words are in no event; a sealed one's are nowhere.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from tests.faults.evidence import Row
from tests.faults.judging.breach import Breach, differing
from tests.faults.judging.case import DESCRIBED, VOIDED, Case, Said
from tests.faults.judging.numbers import ZONE
from tests.faults.judging.senders import moment
from tests.faults.ledger import History

REGISTERED = ("book", "year", "number", "direction", "received_at", "status", "void_reason")
DESCRIPTION = (
    "kind", "issuer", "issuer_level", "document_number", "symbol", "document_date", "arrived_on", "due_on", "subject",
    "urgency", "restricted", "answers", "conflicted_person_ids",
)  # fmt: skip
ONLY_IN_THE_REGISTER = ("drafting_unit", "signer", "recipients", "qppl_kind")
WORDS = {"subject", "issuer", "void_reason", "symbol", "document_number", "answers"}
LONGEST_JUMP = timedelta(days=2)  # a book's time stands where a clock was a day ahead, and the clock is a day behind


def content(case: Case) -> Iterator[Breach]:
    for row in case.evidence.documents:
        history = case.history_of(row)
        if history is not None and row["_id"] not in case.erased:
            yield from _said_and_kept(history, row, case.of("documents", row["_id"]))


def _said_and_kept(history: History, row: Row, events: Sequence[Said]) -> Iterator[Breach]:
    id, known = row["_id"], meant(history, row, events)
    for event in events:
        known |= changes(event)
        if wrong := differing(known, {**event.state, "received_at": moment(event.state["received_at"])}, told(event)):
            yield Breach("an event says what was said", f"{event.id}: {wrong}", (id,))
        if unsaid := [name for name in sorted(WORDS - set(told(event))) if event.state.get(name) is not None]:
            yield Breach("no event says a word of what is restricted", f"{event.id}: {unsaid}", (id,))
        reference = (event.state.get("file") or {}).get("sha256")
        if not event.state.get("sealed") and reference != history.sha256:
            yield Breach("an event names the bytes", f"{event.id}: {reference}", (id,))
    stands = {**row, "received_at": moment(row["received_at"])}
    if wrong := differing(known, stands, (*REGISTERED, *DESCRIPTION, *ONLY_IN_THE_REGISTER)):
        yield Breach("the register says what was said", wrong, (id,))
    if events and events[-1].version != row["version"]:
        yield Breach("the newest event is the register's", f"{events[-1].id}, not {row['version']}", (id,))


def known_of(case: Case, row: Row) -> dict[str, Any] | None:
    """What the document is by now, by its sender and by what was changed on purpose; None where nobody sent it."""
    history, events = case.history_of(row), case.of("documents", row["_id"])
    if history is None:
        return None
    known = meant(history, row, events)
    for event in events:
        known |= changes(event)
    return known


def meant(history: History, row: Row, events: Sequence[Said]) -> dict[str, Any]:
    """What the document is by what its sender said; its number and time are the register's own."""
    issued = history.door == "issued"
    said = {{"number": "document_number"}.get(name, name): value for name, value in history.metadata.items()}
    own = {"direction": "outgoing" if issued else "incoming", "status": "registered"}
    placed = {name: row[name] for name in ("book", "year", "number")} | {"received_at": moment(row["received_at"])}
    known = {"urgency": "normal", **said, **placed, **own}
    known["arrived_on"] = (said.get("document_date") if issued else said.get("arrived_on")) or day_of(row, events)
    if issued:
        known |= {"document_date": known["arrived_on"], "symbol": _symbol_of(row)}
    return known


def day_of(row: Row, events: Sequence[Said]) -> str:
    """Nobody said when it came: the first word for it, if that is about the day of its number."""
    day = moment(row["received_at"]).astimezone(ZONE).date()
    first = str(events[0].state["arrived_on"] if events else row["arrived_on"])
    return first if abs(date.fromisoformat(first) - day) <= LONGEST_JUMP else day.isoformat()


def _symbol_of(row: Row) -> str:
    """Its number leads it; the rest is the office's own style."""
    symbol = str(row.get("symbol") or "")
    lead = f"{row['number']:02d}/"
    return symbol if symbol.startswith(lead) else lead


def changes(event: Said) -> Mapping[str, Any]:
    """What somebody changed with it on purpose."""
    if event.type == DESCRIBED:
        return {name: event.state.get(name) for name in event.value["changed"]}
    if event.type == VOIDED:
        return {"status": "voided", "void_reason": event.state.get("void_reason")}
    return {}


def told(event: Said) -> tuple[str, ...]:
    names = (*REGISTERED, *DESCRIPTION)
    hidden = WORDS if event.state.get("restricted") or event.state.get("sealed") else set()
    return tuple(name for name in names if name not in hidden)
