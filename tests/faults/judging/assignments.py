"""Each document has one assignment, which says what routing's journal says; loads are the sums of them.

Source: what came is somebody's to handle until it is void, and nobody's from then on, whether or not it was given to
anybody before, whatever people did with it, and also where it was erased.
"""

from collections import Counter
from collections.abc import Iterator, Sequence

from tests.faults.evidence import Row
from tests.faults.judging.breach import Breach, differing
from tests.faults.judging.case import Case
from tests.faults.judging.content import known_of

RETURNED = "vanthu.assignment-returned.v1"
OPEN = {"assigned", "accepted"}
WITHDRAWN = "withdrawn"
BRIEF = ("book", "year", "number", "subject", "urgency", "arrived_on")


def assignments(case: Case) -> Iterator[Breach]:
    for row in case.evidence.documents:
        mine = case.assignments.get(row["_id"], [])
        if row["direction"] == "incoming" and row["status"] == "registered":
            yield from _live(case, row, mine)
        elif row["direction"] == "incoming" and [each["state"]["status"] for each in mine] != [WITHDRAWN]:
            what = f"has {[each['state']['status'] for each in mine]}"
            yield Breach("a void document's one assignment is withdrawn", what, (row["_id"],))
    for id in sorted(set(case.assignments) - set(case.documents)):
        yield Breach("no assignment without its document", "has no document", (id,))
    for row in case.evidence.assignments:
        yield from _is_said(case, row)
    yield from _loads(case)


def _live(case: Case, document: Row, mine: Sequence[Row]) -> Iterator[Breach]:
    if len(mine) != 1 or not _has_lead(case, mine[0]):
        yield Breach("one assignment per document", f"has {len(mine)}", (document["_id"],))
    else:
        yield from _is_of(case, document, mine[0])


def _has_lead(case: Case, row: Row) -> bool:
    """Nobody leads what was given back and not given on yet."""
    newest = case.newest("assignments", row["document_id"])
    return row["state"]["lead_person_id"] is not None or (newest is not None and newest.type == RETURNED)


def _is_of(case: Case, document: Row, row: Row) -> Iterator[Breach]:
    known, brief = known_of(case, document), row["state"]["document"]
    wordless = brief.get("restricted") or brief.get("sealed")
    names = tuple(name for name in BRIEF if not (wordless and name == "subject"))
    if known is not None and (wrong := differing(known, brief, names)):
        yield Breach("an assignment is of its document", wrong, (document["_id"],))


def _is_said(case: Case, row: Row) -> Iterator[Breach]:
    newest, id = case.newest("assignments", row["document_id"]), row["document_id"]
    if newest is None or newest.version != row["version"]:
        yield Breach("every assignment has its event", f"has {newest and newest.id}, not {row['version']}", (id,))
    elif wrong := differing(newest.state, row["state"]):
        yield Breach("an assignment is what its event says", wrong, (id,))


def _loads(case: Case) -> Iterator[Breach]:
    leads: Counter[str] = Counter()
    work: dict[str, list[str]] = {}
    for row in case.evidence.assignments:
        person = row["state"]["lead_person_id"]
        if person and row["state"]["status"] in OPEN:
            leads[person] += 1
            work.setdefault(person, []).append(row["document_id"])
    kept = Counter({row["person_id"]: row["open"] for row in case.evidence.loads})
    for person in sorted(set(leads) | set(kept)):
        if leads[person] != kept[person]:
            ids = tuple(work.get(person, [])[:3])
            what = f"{person}: {kept[person]}, not {leads[person]}"
            yield Breach("loads are the sums of the assignments", what, ids)
