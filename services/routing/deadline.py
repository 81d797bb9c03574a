"""When a document is due, and why then. Pure."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from services.routing.roster import Facts
from services.worktime import Calendar, add_working_days


class Basis(StrEnum):
    WRITTEN = "written"
    RULE = "rule"
    OFFICE = "office"


@dataclass(frozen=True, slots=True)
class Due:
    """`working_days` were counted from the day after `counted_from`; neither is there for a written date.

    basis: the date stands in the document, or the matched row names the days, or the office's default does.
    """

    due_on: date
    basis: Basis
    working_days: int | None = None
    counted_from: date | None = None


def due(facts: Facts, rule_days: int | None, office_days: int, calendar: Calendar) -> Due:
    """The date written in the document wins; otherwise working days from the day it arrived."""
    if facts.due_on is not None:
        return Due(due_on=facts.due_on, basis=Basis.WRITTEN)
    days = office_days if rule_days is None else rule_days
    return Due(
        due_on=add_working_days(facts.arrived_on, days, calendar),
        basis=Basis.OFFICE if rule_days is None else Basis.RULE,
        working_days=days,
        counted_from=facts.arrived_on,
    )
