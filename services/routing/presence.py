"""Who is away at a moment, and who acts for them. Pure."""

from datetime import date
from typing import NamedTuple

from services.events import Absence, AbsenceKind, Delegation, Half, PersonState
from services.routing.facts import Facts
from services.routing.moment import Moment


class Away(NamedTuple):
    """`half` where it is that half of the day only."""

    kind: AbsenceKind
    half: Half | None = None


def half_looked_at(facts: Facts, moment: Moment) -> Half | None:
    """The half in which it comes; None for a document of an earlier day, which any half of today is early enough for."""
    return None if facts.arrived_on < moment.today else moment.half


def away(person: PersonState, day: date, half: Half | None) -> Away | None:
    """None for somebody who is here; without a `half`, who is here in one of them."""
    if not person.absences:
        return None
    that_day = [each for each in person.absences if each.first_day <= day <= each.last_day]
    keeping = [_keeping_away(that_day, each) for each in ((half,) if half else Half)]
    first = keeping[0]
    if first is None or None in keeping:
        return None
    return Away(first.kind, first.half if half else None)


def delegates(person: PersonState, day: date, matter: str | None, unit_id: str) -> dict[str, bool]:
    """Who acts for the person on this day, and whether also in this matter and unit."""
    found: dict[str, bool] = {}
    for each in person.delegations:
        if each.first_day <= day <= each.last_day and each.to_person_id != person.person_id:
            found[each.to_person_id] = found.get(each.to_person_id, False) or _covers(each, matter, unit_id)
    return found


def _keeping_away(absences: list[Absence], half: Half) -> Absence | None:
    return next((each for each in absences if each.half in {None, half}), None)


def _covers(delegation: Delegation, matter: str | None, unit_id: str) -> bool:
    return (not delegation.matters or matter in delegation.matters) and (
        not delegation.unit_ids or unit_id in delegation.unit_ids
    )
