"""How the good office is harmed, by hand and one thing at a time."""

import json
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tests.faults.evidence import Evidence, Record, Row
from tests.faults.good_office import notice
from tests.faults.good_words import FIRST, ISSUED, SECOND, event, state
from tests.faults.judging.journals import digest_of
from tests.faults.ledger import History, Sender


@dataclass
class Office:
    known: dict[Sender, History]
    found: Evidence

    def document(self, id: str) -> Row:
        return pick(self.found.documents, id)

    def fact(self, id: str) -> Row:
        return pick(self.found.facts, id)

    def counter(self, family: str, period: str, of: str = "") -> dict[str, dict[str, int]]:
        place = (family, of, period)
        rows = (row for row in self.found.counters if (row["family"], row["of"], row["period"]) == place)
        counts: dict[str, dict[str, int]] = next(rows)["counts"]
        return counts

    def say(self, service: str, id: str, **change: Any) -> None:
        """Another word in an event's state, in the journal and in Kafka alike."""
        row = pick(self.found.events[service], id)
        value = json.loads(row["value"])
        (value.get("document") or value.get("assignment") or value).update(change)
        row["value"] = json.dumps(value)
        topic, same = row["topic"], row["headers"]["ce_id"]
        log = self.found.log[topic]
        self.found.log[topic] = [replace(r, digest=digest_of(row["value"])) if r.id == same else r for r in log]

    def tell(self, service: str, topic: str, type: str, key: str, version: int, value: Row) -> None:
        """One event more, in the journal and in Kafka alike."""
        _, row = event(service, topic, type, key, version, value)
        self.found.events[service].append(row)
        log = self.found.log[topic]
        log.append(Record(0, len(log), row["headers"]["ce_id"], digest_of(row["value"])))

    def lose_record(self, topic: str, id: str) -> None:
        self.found.log[topic] = [each for each in self.found.log[topic] if each.id != id]


LEFT = {
    "_id", "office", "book", "year", "number", "direction", "received_at", "version", "status", "void_reason", "device",
    "idempotency_key",
}  # fmt: skip
GONE = "d-gone"
Do = Callable[[Office], object]


@dataclass(frozen=True)
class Harm:
    """`erased` are the documents that were destroyed on purpose before."""

    what: str
    do: Do
    promises: Sequence[str]
    erased: Collection[str] = ()


def pick(rows: list[Row], id: str) -> Row:
    return next(row for row in rows if id in {row.get("_id"), row.get("document_id")})


def refuse_the_first(office: Office) -> None:
    office.known["scan", "1"].outcomes[:] = ["refused"]
    office.known["scan", "1"].answers.clear()
    office.known["scan", "1"].lines[-1]["status"] = 422


def void_in_the_register_only(office: Office) -> None:
    office.document(ISSUED).update(status="voided")


def void_the_second(office: Office) -> None:
    """As it is right: in the register and in all that follows from it."""
    row, fact, work = office.document(SECOND), office.fact(SECOND), pick(office.found.assignments, SECOND)
    row.update(status="voided", void_reason="quét hai lần", version=3)
    office.tell("intake", "documents", "document-voided", SECOND, 3, {"document": state(row)})
    work.update(version=3, state={**work["state"], "status": "withdrawn"})
    office.tell("routing", "assignments", "assignment-withdrawn", SECOND, 3, {"assignment": work["state"]})
    office.found.loads[0].update(open=0)
    office.found.notices.append(notice(SECOND, 3, "lan"))
    unopened = {"opened_at": None, "failed_at": None}
    office.tell("notify", "notices", "notice-sent", SECOND, 3, {"notices": [unopened] * 4})
    fact["counts"] = False
    fact["parts"] = {
        "intake": {**state(row), "conflicted": [], "epoch": 0},
        "routing": {**work["state"], "epoch": 0, "version": 3},
        "notify": {"sent": 4, "opened": 0, "failed": 0, "epoch": 0, "version": 3},
    }
    for family, of, line in (("annual", "", "in:invitation"), ("unit", "NC", "new"), ("person", "lan", "new")):
        office.counter(family, "2026-04", of)[line].pop("01")
        office.counter(family, "2026", of)[line].pop("04")


def void_what_is_done_all_the_same(office: Office) -> None:
    """Routing, its journal and reporting agree; it is the register that has it void."""
    void_the_second(office)
    for kept in (pick(office.found.assignments, SECOND)["state"], office.fact(SECOND)["parts"]["routing"]):
        kept["status"] = "completed"
    office.say("routing", f"{SECOND}:00000003", status="completed")


def void_what_nobody_had(office: Office) -> None:
    void_the_second(office)
    office.found.assignments.remove(pick(office.found.assignments, SECOND))


def erase_the_issued(office: Office) -> None:
    """As it is right: the number is left, and nothing else."""
    row, fact = office.document(ISSUED), office.fact(ISSUED)
    row.update(status="voided", void_reason="secrecy", version=2)
    for name in set(row) - LEFT:
        del row[name]
    del office.found.files[ISSUED], office.found.bytes_at[f"files/o/{ISSUED}"]
    names = ("direction", "book", "year", "number", "status", "void_reason", "version")
    bare = {name: row[name] for name in names} | {"sealed": True}
    office.tell("intake", "documents", "document-erased", ISSUED, 2, {"document": bare})
    fact.update(counts=False, parts={"intake": {**bare, "epoch": 0}})
    for period, part in (("2026-05", "04"), ("2026", "05")):
        office.counter("annual", period)["out:quyet_dinh"].pop(part)


def erased_and(then: Do) -> Do:
    def do(office: Office) -> None:
        erase_the_issued(office)
        then(office)

    return do


def restrict_and_say_all_the_same(office: Office) -> None:
    """Its sender has restricted it, and everybody knows that; its event has its words."""
    history = office.known["scan", "4"]
    office.known["scan", "4"] = replace(history, metadata=history.metadata | {"restricted": True})
    office.document(ISSUED)["restricted"] = True
    office.say("intake", f"{ISSUED}:00000001", restricted=True)
    wordless = dict.fromkeys(("subject", "issuer", "symbol", "document_number", "document_date"))
    office.fact(ISSUED)["parts"]["intake"].update(wordless, restricted=True)


def receive_what_is_not_there(office: Office) -> None:
    received = json.loads(pick(office.found.events["intake"], f"{FIRST}:00000001")["value"])
    office.tell("intake", "documents", "document-received", GONE, 1, received)


def assign_what_is_not_there(office: Office) -> None:
    work = {**pick(office.found.assignments, FIRST)["state"], "status": "withdrawn"}
    office.found.assignments.append({"document_id": GONE, "version": 1, "state": work})
    office.tell("routing", "assignments", "deadline-moved", GONE, 1, {"assignment": work})


def swap_subjects(office: Office) -> None:
    """In the register and in all that is said of it: as one batch does that mixes its descriptions up."""
    subjects = {FIRST: office.document(SECOND)["subject"], SECOND: office.document(FIRST)["subject"]}
    for id, subject in subjects.items():
        office.document(id)["subject"] = subject
        office.fact(id)["parts"]["intake"]["subject"] = subject
        pick(office.found.assignments, id)["state"]["document"]["subject"] = subject
        for row in [each for each in office.found.events["intake"] if each["key"] == id]:
            office.say("intake", row["_id"], subject=subject)
        for row in [each for each in office.found.events["routing"] if each["key"] == id]:
            brief = json.loads(row["value"])["assignment"]["document"] | {"subject": subject}
            office.say("routing", row["_id"], document=brief)


def cut_the_log(office: Office) -> None:
    """What was sent before is excused, what was sent after it is not: the newest is gone, an older one is there."""
    office.found.starts["assignments"] = {0: 2}
    office.found.log["assignments"] = office.found.log["assignments"][2:3]


def unanswered() -> History:
    return History("scan", "9", "documents", "sha-9", {}, ["unknown"], lines=[{"says": "asks", "monotonic": 1.0}])


def accepted() -> History:
    heard = {"says": "hears", "monotonic": 2.0, "status": 201}
    return replace(unanswered(), outcomes=["ok"], lines=[{"says": "asks", "monotonic": 1.0}, heard])


def renumber(office: Office, id: str, number: int) -> None:
    office.document(id)["number"] = number
    if id == ISSUED:
        office.document(id)["symbol"] = f"{number:02d}/QĐ-UBND"
    office.fact(id)["parts"]["intake"]["number"] = number


def spaced(office: Office) -> str:
    return f" {office.found.events['intake'][0]['value']}"


def letter(key: str) -> Row:
    return {"_id": "documents-0-0-x", "key": key.encode(), "status": "waiting", "cause": "a bug", "service": "routing"}
