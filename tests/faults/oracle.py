"""The judge: what the senders were told, against what is really there. It knows none of the product's code.

Sources: the promise (design §2), numbers of one book and year in the order of their time, the office's
categories (domain §6). Every breach names its document, whose whole history is printed.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC
from itertools import pairwise
from zoneinfo import ZoneInfo

from aiokafka.partitioner import DefaultPartitioner

from tests.faults.evidence import Evidence, Row
from tests.faults.ledger import Heard, History, Sender

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
INCOMING_BY_KIND = {"giay_moi": "invitation", "petition": "petition", "one_stop": "one_stop"}
INCOMING_BY_LEVEL = {"locality": "locality", "ministry": "ministry", "government": "government"}
OUTGOING_BY_KIND = {"cong_van": "cong_van", "quyet_dinh": "quyet_dinh", "thong_bao": "notice_report"}
FIRST_EVENTS = {"vanthu.document-received.v1", "vanthu.document-issued.v1"}


@dataclass(frozen=True)
class Breach:
    """`document` is an id where there is one, else empty; `sender` likewise."""

    promise: str
    what: str
    document: str = ""
    sender: Sender | None = None


def judge(
    histories: Mapping[Sender, History],
    evidence: Evidence,
    *,
    poison: Collection[str] = (),
    settled: bool = True,
    erased: Collection[str] = (),
) -> list[Breach]:
    """All breaches of the promise. `poison` are the ids of dead letters that were made on purpose.

    `settled`: every sender has had an answer by now, so that nothing may be unknown. `erased` are documents that
    were destroyed on purpose: their numbers stay taken, and nothing else is left.
    """
    by_sender = {(row["device"], row.get("idempotency_key", "")): row for row in evidence.documents}
    return [
        *_each_sender(histories, evidence, by_sender, erased, settled=settled),
        *_erased(evidence, erased),
        *_nobody_else(histories, evidence),
        *_numbers(evidence.documents),
        *_books(evidence),
        *_register_log(evidence),
        *_journals(evidence),
        *_assignments(evidence),
        *_notices(evidence),
        *_facts(evidence),
        *_counters(histories, by_sender, evidence),
        *_dead_letters(evidence, poison),
    ]


def judge_webhooks(evidence: Evidence, heard: Iterable[Heard], reachable: Collection[str]) -> list[Breach]:
    """All breaches towards subscribers of every event of an assignment. `reachable` are those who take what they get."""
    got: dict[tuple[str, str], dict[str, set[bytes]]] = defaultdict(lambda: defaultdict(set))
    for each in heard:
        got[each.subscriber, each.cause][each.id].add(each.body)
    rows = (row for row in evidence.events["routing"] if row["topic"] == "assignments")
    said = {f"{row['key']}:{row['version']}": row["key"] for row in rows}
    return [*_each_told(said, got, reachable), *_each_once(evidence.deliveries, said, got)]


def _each_told(
    said: Mapping[str, str], got: Mapping[tuple[str, str], Mapping[str, set[bytes]]], reachable: Collection[str]
) -> Iterator[Breach]:
    for cause, document in said.items():
        for subscriber in reachable:
            if (subscriber, cause) not in got:
                yield Breach("a webhook comes at least once", f"{subscriber} never heard of {cause}", document)
    for (subscriber, cause), bodies in got.items():
        if len(bodies) != 1:
            yield Breach("a webhook has one id", f"{subscriber} got {cause} as {sorted(bodies)}", said.get(cause, ""))
        if any(len(each) != 1 for each in bodies.values()):
            yield Breach("a repeat says the same", f"{subscriber} got {cause} in other words", said.get(cause, ""))
        if cause not in said:
            yield Breach("no webhook from nowhere", f"{subscriber} got {cause}, which nobody said")


def _each_once(
    deliveries: Iterable[Row], said: Mapping[str, str], got: Mapping[tuple[str, str], Mapping[str, set[bytes]]]
) -> Iterator[Breach]:
    rows = Counter((row["subscriber_id"], row["cause"]) for row in deliveries)
    for row in deliveries:
        place = row["subscriber_id"], row["cause"]
        if rows[place] > 1:
            yield Breach("one delivery per subscriber and event", f"{place} has {rows[place]}", said.get(place[1], ""))
        if row["status"] == "delivered" and row["_id"] not in got.get(place, {}):
            yield Breach("what is delivered was heard", f"{place} never came", said.get(place[1], ""))
        if row["status"] == "pending":
            yield Breach("a delivery ends", f"{place} is still pending", said.get(place[1], ""))


def told(breaches: Iterable[Breach], histories: Mapping[Sender, History], evidence: Evidence) -> str:
    """All breaches, and what everybody knows of the first one's document."""
    shown = list(breaches)
    lines = [f"{each.promise}: {each.what} {each.document or each.sender or ''}" for each in shown[:20]]
    lines.append(f"{len(shown)} in all")
    lines += _story(shown[0], histories, evidence) if shown else []
    return "\n".join(lines)


def _each_sender(
    histories: Mapping[Sender, History],
    evidence: Evidence,
    by_sender: Mapping[Sender, Row],
    erased: Collection[str],
    *,
    settled: bool,
) -> Iterator[Breach]:
    counts = Counter((row["device"], row.get("idempotency_key", "")) for row in evidence.documents)
    for sender, history in histories.items():
        row, count = by_sender.get(sender), counts[sender]
        if history.outcome == "refused" and count:
            yield Breach("refused is not kept", "was refused and is there", sender=sender)
        elif history.outcome == "ok" and count != 1:
            yield Breach("ok is one document", f"was accepted and is there {count} times", sender=sender)
        elif history.outcome == "unknown" and (count > 1 or settled):
            yield Breach("unknown is none or one", f"has no answer and is there {count} times", sender=sender)
        elif row is not None:
            yield from _same_document(history, row, evidence.files, was_erased=row["_id"] in erased)


def _same_document(history: History, row: Row, files: Mapping[str, str], *, was_erased: bool) -> Iterator[Breach]:
    id = row["_id"]
    for answer in history.answers:
        if any(answer[name] != row[_STORED.get(name, name)] for name in (_NUMBERED if was_erased else _ANSWERED)):
            yield Breach("an answer stays true", f"was answered {answer}", id)
    if was_erased:
        return
    if not row.get("sha256") == history.sha256 == files.get(id):
        yield Breach("bytes are kept", f"sent {history.sha256}, stored {files.get(id)}", id)


_NUMBERED = ("id", "book", "year", "number")
_ANSWERED = (*_NUMBERED, "sha256")
_STORED = {"id": "_id"}
LEFT_OF_ERASED = {"_id", "office", "book", "year", "number", "direction", "received_at", "version", "status"} | {
    "void_reason", "readers", "conflicted", "device", "idempotency_key", "erased", "assignment",
}  # fmt: skip


def _erased(evidence: Evidence, erased: Collection[str]) -> Iterator[Breach]:
    for row in evidence.documents:
        if row["_id"] in erased:
            more = set(row) - LEFT_OF_ERASED
            if more or (row["status"], row["void_reason"]) != ("voided", "secrecy"):
                yield Breach("of an erased document the number is left", f"has {sorted(more)}", row["_id"])
            if row["_id"] in evidence.files:
                yield Breach("an erased document has no file", "has one", row["_id"])
    for id in set(erased) - {row["_id"] for row in evidence.documents}:
        yield Breach("an erased document keeps its number", "is gone altogether", id)


def _nobody_else(histories: Mapping[Sender, History], evidence: Evidence) -> Iterator[Breach]:
    for row in evidence.documents:
        if (row["device"], row.get("idempotency_key", "")) not in histories:
            yield Breach("nothing from nowhere", "nobody sent it", row["_id"])


def _numbers(documents: Iterable[Row]) -> Iterator[Breach]:
    books: dict[tuple[str, str, int], list[Row]] = defaultdict(list)
    for row in documents:
        books[row["office"], row["book"], row["year"]].append(row)
    for place, rows in books.items():
        rows.sort(key=lambda row: row["number"])
        numbers = [row["number"] for row in rows]
        if numbers != list(range(1, len(rows) + 1)):
            gaps = sorted(set(range(1, max(numbers) + 1)) - set(numbers))[:5]
            yield Breach("numbers are gapless and unique", f"{place}: missing {gaps}, {len(rows)} entries")
        for earlier, later in pairwise(rows):
            if later["received_at"] < earlier["received_at"]:
                yield Breach("number order is time order", f"{place}: {later['number']}", later["_id"])
        for row in rows:
            if row["received_at"].replace(tzinfo=UTC).astimezone(ZONE).year != row["year"]:
                yield Breach("the year is the time's", f"{place}: {row['received_at']}", row["_id"])


def _books(evidence: Evidence) -> Iterator[Breach]:
    highest: Counter[tuple[str, str, int]] = Counter()
    for row in evidence.documents:
        place = (row["office"], row["book"], row["year"])
        highest[place] = max(highest[place], row["number"])
    for book in evidence.books:
        place = (book["office"], book["book"], book["year"])
        if book["next"] != highest[place] + 1:
            yield Breach("a book goes on after its last number", f"{place}: next is {book['next']}")


def _register_log(evidence: Evidence) -> Iterator[Breach]:
    logged = {line["id"]: line for line in evidence.logged}
    for row in evidence.documents:
        line = logged.pop(row["_id"], None)
        if line is None or any(line[name] != row[name] for name in ("office", "book", "year", "number")):
            yield Breach("the register log has every number", f"has {line}", row["_id"])
    for id, line in logged.items():
        yield Breach("the register log has nothing else", f"has {line['book']} {line['number']}", id)


def _journals(evidence: Evidence) -> Iterator[Breach]:
    said = {row["key"] for row in evidence.events["intake"] if row["type"] in FIRST_EVENTS}
    for document in evidence.documents:
        if document["_id"] not in said:
            yield Breach("every document has its event", "has none", document["_id"])
    for id in said - {row["_id"] for row in evidence.documents}:
        yield Breach("no event without its document", "has no document", id)
    in_kafka = {topic: set(ids) for topic, ids in evidence.records.items()}
    for service, rows in evidence.events.items():
        for row in rows:
            if row.get("unsent"):
                yield Breach("journals are sent", f"{service} has not sent {row['_id']}", row["key"])
            elif row["headers"]["ce_id"] not in in_kafka[row["topic"]] and not _was_emptied(row, evidence):
                yield Breach("what is sent is in Kafka", f"{service}'s {row['_id']} is not there", row["key"])


def _was_emptied(row: Row, evidence: Evidence) -> bool:
    """Whether an erasure took the records of this row's partition away."""
    starts = evidence.starts[row["topic"]]
    return starts[DefaultPartitioner()(row["key"].encode(), sorted(starts), [])] > 0


def _assignments(evidence: Evidence) -> Iterator[Breach]:
    rows: dict[str, list[Row]] = defaultdict(list)
    for row in evidence.assignments:
        rows[row["document_id"]].append(row)
    leads: Counter[str] = Counter()
    for document in evidence.documents:
        if document["direction"] != "incoming" or document["status"] != "registered":
            continue
        mine = rows.pop(document["_id"], [])
        if len(mine) != 1 or mine[0]["state"]["lead_person_id"] is None:
            yield Breach("one assignment per document", f"has {len(mine)}", document["_id"])
        else:
            leads[mine[0]["state"]["lead_person_id"]] += mine[0]["state"]["status"] in {"assigned", "accepted"}
    open_work = {row["person_id"]: row["open"] for row in evidence.loads if row["open"]}
    if open_work != +leads:
        yield Breach("loads are the sums of the assignments", f"{open_work}, not {dict(leads)}")


def _notices(evidence: Evidence) -> Iterator[Breach]:
    told: Counter[tuple[str, str, str]] = Counter(
        (row["document_id"], row["person_id"], row["cause"]) for row in evidence.notices
    )
    for (document, person, _), count in told.items():
        if count > 1:
            yield Breach("one notice per document, person and event", f"{person} has {count}", document)
    people = {(document, person) for document, person, _ in told}
    for row in evidence.assignments:
        state = row["state"]
        for person in [state["lead_person_id"], *(each["person_id"] for each in state["coordinators"])]:
            if person and (row["document_id"], person) not in people:
                yield Breach("everybody who is named is told", f"{person} is not", row["document_id"])


def _facts(evidence: Evidence) -> Iterator[Breach]:
    facts = {row["_id"]: row for row in evidence.facts if row["counts"]}
    assigned = {row["document_id"]: row["version"] for row in evidence.assignments}
    for document in evidence.documents:
        fact = facts.pop(document["_id"], None)
        if document["status"] == "voided":
            if fact is not None:
                yield Breach("what is void does not count", "counts", document["_id"])
        elif fact is None or fact["parts"].get("intake", {}).get("version") != document["version"]:
            yield Breach("facts are the register's", "is behind or missing", document["_id"])
        elif fact["parts"].get("routing", {}).get("version") != assigned.get(document["_id"]):
            yield Breach("facts are routing's", "is behind", document["_id"])
    for id in facts:
        yield Breach("no fact from nowhere", "counts without a document", id)


def _counters(
    histories: Mapping[Sender, History], by_sender: Mapping[Sender, Row], evidence: Evidence
) -> Iterator[Breach]:
    """The year's lines, by what the senders said, against the sums of all lanes."""
    expected: Counter[tuple[str, str]] = Counter()
    for sender, history in histories.items():
        if (row := by_sender.get(sender)) and row["status"] != "voided":
            day = history.metadata.get("arrived_on") or row["arrived_on"]
            expected[day[:4], category_of(history.door, history.metadata)] += 1
    counted: Counter[tuple[str, str]] = Counter()
    for counter in evidence.counters:
        if (counter["family"], counter["scale"]) == ("annual", "year"):
            for line, months in counter["counts"].items():
                counted[counter["period"], line] += sum(months.values())
    for cell in sorted(set(expected) | set(counted)):
        if expected[cell] != counted[cell]:
            yield Breach("counters are the sums of the documents", f"{cell}: {counted[cell]}, not {expected[cell]}")


def category_of(door: str, said: Mapping[str, str]) -> str:
    if door == "issued":
        return f"out:{OUTGOING_BY_KIND.get(said['kind'], 'other')}"
    return f"in:{INCOMING_BY_KIND.get(said['kind']) or INCOMING_BY_LEVEL.get(said['issuer_level'], 'other')}"


def _dead_letters(evidence: Evidence, poison: Collection[str]) -> Iterator[Breach]:
    waiting = Counter(row["_id"] for row in evidence.dead_letters if row["status"] == "waiting")
    for id in set(waiting) - set(poison):
        yield Breach("dead letters are the poison", f"{id} is none")
    for id in set(poison) - set(waiting):
        yield Breach("dead letters are the poison", f"{id} is missing")


def _story(breach: Breach, histories: Mapping[Sender, History], evidence: Evidence) -> Iterator[str]:
    document = next((row for row in evidence.documents if row["_id"] == breach.document), None)
    sender = breach.sender or (document and (document["device"], document.get("idempotency_key", "")))
    if sender and (history := histories.get(sender)):
        yield "the sender's ledger:"
        yield from (f"  {line}" for line in history.lines)
    for name in ("documents", "assignments", "notices", "facts", "logged"):
        for row in getattr(evidence, name):
            if breach.document and breach.document in {row.get("_id"), row.get("document_id"), row.get("id")}:
                yield f"{name}: {row}"
    for service, rows in evidence.events.items():
        yield from (f"{service}'s event: {row}" for row in rows if breach.document and row["key"] == breach.document)
