"""How the good office is harmed, by hand and one thing at a time."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tests.faults.evidence import Evidence, Row
from tests.faults.good_words import FIRST, ISSUED, SECOND
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

    def lose_record(self, topic: str, id: str) -> None:
        self.found.log[topic] = [each for each in self.found.log[topic] if each.id != id]


Do = Callable[[Office], object]


@dataclass(frozen=True)
class Harm:
    what: str
    do: Do
    promises: Sequence[str]


def pick(rows: list[Row], id: str) -> Row:
    return next(row for row in rows if id in {row.get("_id"), row.get("document_id")})


def refuse_the_first(office: Office) -> None:
    office.known["scan", "1"].outcomes[:] = ["refused"]
    office.known["scan", "1"].answers.clear()
    office.known["scan", "1"].lines[-1]["status"] = 422


def void_in_the_register_only(office: Office) -> None:
    office.document(ISSUED).update(status="voided")


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
