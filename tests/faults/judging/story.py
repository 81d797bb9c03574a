"""All that anybody knows of the documents of the first breach, as an engineer wants to read it."""

from collections.abc import Collection, Iterable, Iterator, Mapping

from tests.faults.evidence import Evidence
from tests.faults.judging.breach import Breach
from tests.faults.judging.case import sender_of
from tests.faults.ledger import Heard, History, Sender

SHOWN_BREACHES = 20
SHOWN_DOCUMENTS = 4
ROWS = ("documents", "assignments", "notices", "deliveries", "facts", "logged")


def told(
    breaches: Iterable[Breach],
    histories: Mapping[Sender, History],
    evidence: Evidence,
    heard: Collection[Heard] = (),
) -> str:
    """`heard` are the webhooks of the documents that came, where subscribers are judged."""
    shown = list(breaches)
    lines = [*map(str, shown[:SHOWN_BREACHES]), f"{len(shown)} in all"]
    if shown:
        first = shown[0]
        ids = first.documents[:SHOWN_DOCUMENTS]
        senders = [first.sender] if first.sender else []
        senders += [sender_of(row) for row in evidence.documents if row["_id"] in ids]
        for sender in dict.fromkeys(senders):
            lines += _ledger(sender, histories)
        for id in ids:
            lines += _document(id, evidence)
            lines += [f"{each.subscriber} heard: {each}" for each in heard if each.cause.startswith(f"{id}:")]
    return "\n".join(lines)


def _ledger(sender: Sender, histories: Mapping[Sender, History]) -> Iterator[str]:
    if history := histories.get(sender):
        yield f"the ledger of {sender}:"
        yield from (f"  {line}" for line in history.lines)


def _document(id: str, evidence: Evidence) -> Iterator[str]:
    yield f"what is there of {id}:"
    for name in ROWS:
        for row in getattr(evidence, name):
            if id in {row.get("_id"), row.get("document_id"), row.get("id")}:
                yield f"  {name}: {row}"
    for service, rows in evidence.events.items():
        yield from (f"  {service}'s event: {row}" for row in rows if row["key"] == id)
    for row in evidence.dead_letters:
        if row["key"] == id.encode():
            yield f"  {row['service']}'s dead letter: {row}"
    yield from (f"  file: {path} {digest}" for path, digest in evidence.bytes_at.items() if id in path)
