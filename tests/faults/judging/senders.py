"""What the senders were told is so, and what they were refused has left nothing. Source: the promise (design §2)."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from tests.faults.evidence import Row
from tests.faults.judging.breach import Breach, differing
from tests.faults.judging.case import Case, sender_of
from tests.faults.ledger import History

NUMBERED = ("id", "book", "year", "number", "received_at")
LEFT_OF_ERASED = {"_id", "office", "book", "year", "number", "direction", "received_at", "version", "status"} | {
    "void_reason", "readers", "conflicted", "device", "idempotency_key", "erased", "assignment",
}  # fmt: skip


def senders(case: Case) -> Iterator[Breach]:
    for sender, history in case.histories.items():
        rows = case.rows_of.get(sender, [])
        ids = tuple(row["_id"] for row in rows)
        if history.outcome == "refused" and rows:
            yield Breach("refused is not kept", "was refused and is there", ids, sender)
        elif history.outcome == "ok" and len(rows) != 1:
            yield Breach("ok is one document", f"was accepted and is there {len(rows)} times", ids, sender)
        elif history.outcome == "unknown" and (len(rows) > 1 or case.settled):
            yield Breach("unknown is none or one", f"has no answer and is there {len(rows)} times", ids, sender)
        elif rows:
            yield from _answers(case, history, rows[0])
    for row in case.evidence.documents:
        if sender_of(row) not in case.histories:
            yield Breach("nothing from nowhere", "nobody sent it", (row["_id"],))


def _answers(case: Case, history: History, row: Row) -> Iterator[Breach]:
    id = row["_id"]
    stands = {**row, "id": id, "received_at": moment(row["received_at"])}
    was_erased = id in case.erased
    for answer in history.answers:
        told = {**answer, "received_at": moment(answer["received_at"])}
        if wrong := differing(stands, told, NUMBERED if was_erased else (*NUMBERED, "sha256")):
            yield Breach("an answer stays true", wrong, (id,))
    stored = case.evidence.files.get(id)
    if not was_erased and not row.get("sha256") == history.sha256 == stored:
        yield Breach("bytes are kept", f"sent {history.sha256}, stored {stored}", (id,))


def moment(value: Any) -> datetime:
    """In UTC: the database has no zone, an answer has text."""
    found = datetime.fromisoformat(value) if isinstance(value, str) else value
    assert isinstance(found, datetime)
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)


def refused_left_nothing(case: Case) -> Iterator[Breach]:
    """No file, whole, half or thrown away, and no line of the register log."""
    rightful = {each.sha256 for each in case.histories.values() if each.outcome != "refused"}
    refused = {each.sha256: sender for sender, each in case.histories.items() if each.outcome == "refused"}
    for path, digest in case.evidence.bytes_at.items():
        if digest in refused and digest not in rightful:
            yield Breach("of what is refused no bytes are kept", f"there is {path}", sender=refused[digest])
    for line in case.evidence.logged:
        history = case.histories.get((line.get("device", ""), line.get("idempotency_key", "")))
        if history is not None and history.outcome == "refused":
            sender = (history.device, history.key)
            yield Breach("what is refused is not in the register log", f"{line['number']}", (line["id"],), sender)


def erased(case: Case) -> Iterator[Breach]:
    """Of what was destroyed on purpose the number is left, and nothing else."""
    others = {each.sha256 for sender, each in case.histories.items() if not _is_erased(case, sender)}
    for row in case.evidence.documents:
        if row["_id"] in case.erased:
            more = set(row) - LEFT_OF_ERASED
            if more or (row["status"], row["void_reason"]) != ("voided", "secrecy"):
                yield Breach("of an erased document the number is left", f"has {sorted(more)}", (row["_id"],))
            history = case.history_of(row)
            digests = {history.sha256} - others if history else set()
            left = [path for path, digest in case.evidence.bytes_at.items() if digest in digests]
            if row["_id"] in case.evidence.files or left:
                yield Breach("an erased document has no file", f"has {left}", (row["_id"],))
    for id in sorted(case.erased - set(case.documents)):
        yield Breach("an erased document keeps its number", "is gone altogether", (id,))


def _is_erased(case: Case, sender: tuple[str, str]) -> bool:
    return any(row["_id"] in case.erased for row in case.rows_of.get(sender, []))
