"""Who has to be told of which event, by routing's journal and the office's own people: each once, and nobody else.

Source: what happens to an assignment is told to those who have it, who get it and who lose it; what comes back or
finds nobody is told to the clerks, of a restricted document to its security officers and who decides on it; a
document that claims to be secret is told to the security officers. Nobody hears of what concerns them.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from tests.faults.judging.breach import Breach
from tests.faults.judging.case import Case, Said

ASSIGNED = "vanthu.document-assigned.v1"
WITHDRAWN = "vanthu.assignment-withdrawn.v1"
RETURNED = "vanthu.assignment-returned.v1"
NOT_POSSIBLE = "vanthu.assignment-not-possible.v1"
INCIDENT = "vanthu.secrecy-incident-raised.v1"
HOLDING = {"assigned", "accepted"}
CLERK, OFFICER = "clerk", "security_officer"


class People:
    """The office by its journal: who heads a unit, and who has a role."""

    def __init__(self, case: Case) -> None:
        self._heads: dict[str, str | None] = {}
        self._roles: dict[str, set[str]] = defaultdict(set)
        for key in case.said["office"]:
            newest = case.newest("office", key)
            assert newest is not None
            if unit := newest.value.get("unit"):
                self._heads[unit["unit_id"]] = unit["head_person_id"]
            if (person := newest.value.get("person")) and not person["disabled"]:
                for role in person["roles"]:
                    self._roles[role].add(person["person_id"])

    def with_role(self, role: str) -> set[str]:
        return set(self._roles[role])

    def lead(self, event: Said) -> set[str]:
        return self._who(event.state.get("lead_person_id"), event.state.get("lead_unit_id"))

    def named(self, event: Said) -> set[str]:
        coordinators = event.state.get("coordinators") or ()
        return self.lead(event).union(*(self._who(each["person_id"], each["unit_id"]) for each in coordinators))

    def _who(self, person: str | None, unit: str | None) -> set[str]:
        """A unit without a person stands for its head."""
        found = person or (self._heads.get(unit) if unit else None)
        return {found} if found else set()


def notices(case: Case) -> Iterator[Breach]:
    people = People(case)
    told: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for row in case.evidence.notices:
        told[row["document_id"], row["cause"]][row["person_id"]] += 1
    for (document, cause), expected in _expected(case, people).items():
        found = told.pop((document, cause), Counter())
        for person in sorted(expected - set(found)):
            yield Breach("everybody concerned is told", f"{person} not of {cause}", (document,))
        for person in sorted(set(found) - expected):
            yield Breach("nobody else is told", f"{person} of {cause}", (document,))
        for person, count in found.items():
            if count > 1:
                yield Breach("one notice per document, person and event", f"{person} has {count}", (document,))
    for (document, cause), found in told.items():
        yield Breach("no notice from nowhere", f"{sorted(found)} of {cause}", (document,))


def _expected(case: Case, people: People) -> dict[tuple[str, str], set[str]]:
    found: dict[tuple[str, str], set[str]] = {}
    for key, events in case.said["assignments"].items():
        for number, event in enumerate(events):
            before = events[number - 1] if number else None
            found[key, f"{key}:{event.version}"] = _audience(event, before, people)
    for key, events in case.said["documents"].items():
        for event in events:
            if event.type == INCIDENT:
                found[key, f"{key}:{event.version}"] = people.with_role(OFFICER)
    return found


def _audience(event: Said, before: Said | None, people: People) -> set[str]:
    holders = people.named(before) if before and before.state["status"] in HOLDING else set()
    had = people.named(before) if before and before.state["status"] in HOLDING | {"completed"} else set()
    told: set[str] = set()
    if event.type == ASSIGNED:
        told = people.named(event) | (people.lead(before) if before and holders else set())
    elif event.type in {WITHDRAWN, RETURNED}:
        told = had
    if event.type in {RETURNED, NOT_POSSIBLE}:
        told |= _who_looks_after(event.state, people)
    return told - set(event.state.get("conflicted_person_ids") or ())


def _who_looks_after(state: Mapping[str, Any], people: People) -> set[str]:
    if not (state["document"]["restricted"] or state["document"]["sealed"]):
        return people.with_role(CLERK)
    deciding = state.get("deciding_person_id")
    return people.with_role(OFFICER) | ({deciding} if deciding else set())
