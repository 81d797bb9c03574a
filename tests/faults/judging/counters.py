"""Every cell of every counter, counted again from the senders' words and routing's journal.

Source: the office's categories (domain §6), and what a report of a window has to add up: a document is new on the
day it came, done on the day it was done, within time until its due day is over. A month's row has days, a year's
row months; each unit and person has rows of their own.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any, NamedTuple

from tests.faults.judging.breach import Breach
from tests.faults.judging.case import Case
from tests.faults.judging.content import known_of

INCOMING_BY_KIND = {"giay_moi": "invitation", "petition": "petition", "one_stop": "one_stop"}
INCOMING_BY_LEVEL = {"locality": "locality", "ministry": "ministry", "government": "government"}
OUTGOING_BY_KIND = {
    "cong_van": "cong_van", "quyet_dinh": "quyet_dinh", "thong_bao": "notice_report", "bao_cao": "notice_report",
    "to_trinh": "notice_report", "giay_moi": "invitation", "qppl": "qppl", "cong_dien": "cong_dien",
    "chi_thi": "chi_thi", "site_plan": "site_plan",
}  # fmt: skip
HELD = {"assigned", "accepted", "completed"}
NOBODY = "unassigned"
Marks = list[tuple[str, str]]


class Cell(NamedTuple):
    """`of` is a unit or a person, `part` a day of the month or a month of the year."""

    family: str
    of: str
    scale: str
    period: str
    line: str
    part: str


def counters(case: Case) -> Iterator[Breach]:
    expected: dict[Cell, list[str]] = defaultdict(list)
    for row in case.evidence.documents:
        known = known_of(case, row) if row["status"] == "registered" else None
        for cell in _cells(known, _handled(case, row["_id"])) if known else ():
            expected[cell].append(row["_id"])
    kept = _kept(case)
    for cell in sorted(set(expected) | set(kept)):
        if len(expected.get(cell, ())) != kept[cell]:
            ids = tuple(expected.get(cell, ())[:3]) or _who_say_so(case, cell)
            what = f"{cell}: {kept[cell]}, not {len(expected.get(cell, ()))}"
            yield Breach("counters are the sums of the documents", what, ids)


def _kept(case: Case) -> Counter[Cell]:
    """Over all lanes."""
    found: Counter[Cell] = Counter()
    for row in case.evidence.counters:
        for line, parts in row["counts"].items():
            for part, count in parts.items():
                found[Cell(row["family"], row["of"], row["scale"], row["period"], line, part)] += count
    return found


def _handled(case: Case, id: str) -> Mapping[str, Any]:
    newest = case.newest("assignments", id)
    return newest.state if newest else {}


def _cells(known: Mapping[str, Any], handled: Mapping[str, Any]) -> Iterator[Cell]:
    yield from _periods("annual", "", known["arrived_on"], category_of(known))
    if known["direction"] == "incoming":
        held = handled.get("status") in HELD
        for day, line in _marks(known, handled):
            yield from _periods("unit", (held and handled.get("lead_unit_id")) or NOBODY, day, line)
            yield from _periods("person", (held and handled.get("lead_person_id")) or NOBODY, day, line)


def _periods(family: str, of: str, day: str, line: str) -> Iterator[Cell]:
    year, month, of_month = day.split("-")
    yield Cell(family, of, "month", f"{year}-{month}", line, of_month)
    yield Cell(family, of, "year", year, line, month)


def _marks(known: Mapping[str, Any], handled: Mapping[str, Any]) -> Marks:
    """On which days the document enters and leaves the columns of the handling report."""
    came = known["arrived_on"]
    due = handled.get("due_on") or known.get("due_on")
    done = max(handled["completed_on"], came) if handled.get("status") == "completed" else None
    marks: Marks = [(came, "new")]
    if done:
        marks.append((done, "done"))
    if due:
        late = (date.fromisoformat(due) + timedelta(days=1)).isoformat()
        marks += [(came, "new_due"), (max(late, came), "falls_overdue")]
        if done:
            marks += [(done, "done_late" if done > due else "done_on_time"), (max(late, done), "settled_overdue")]
    return marks


def category_of(known: Mapping[str, Any]) -> str:
    if known["direction"] == "outgoing":
        return f"out:{OUTGOING_BY_KIND.get(known['kind'], 'other')}"
    return f"in:{INCOMING_BY_KIND.get(known['kind']) or INCOMING_BY_LEVEL.get(known['issuer_level'], 'other')}"


def _who_say_so(case: Case, cell: Cell) -> tuple[str, ...]:
    """Facts that believe to be counted there, where nobody ought to be."""
    place = f"{cell.family}:{cell.of}|{cell.period}"
    ids = [
        row["_id"]
        for row in case.evidence.facts
        if any(each.startswith(place) and each.endswith(f"|{cell.line}") for each in row["counted"])
    ]
    return tuple(ids[:3])
