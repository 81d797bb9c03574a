"""Who may lead a document in a unit, who of them comes first, and why the others do not. Pure.

Looked at are the unit's members, and whoever acts for one who is away, within the days and the scope of the
delegation; nobody acts for somebody whom the document concerns, or for a delegate. Of those who are here, at work
and not concerned themselves, the first by `place` is chosen: the more competent in the document's matter (0 where
nothing is said), then the less burdened, then who was given less in the last four ISO weeks, then whose last one is
longer ago, then by person id.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple, Self

from services.events import AbsenceKind, Half, PersonState
from services.routing.facts import Facts
from services.routing.moment import Moment
from services.routing.presence import away, delegates, half_looked_at
from services.routing.roster import OfficeView
from services.routing.workload import Horizon, LoadBook, horizon_of


class Lost(StrEnum):
    """Why somebody did not become the lead."""

    CONFLICT = "conflict"
    ABSENT = "absent"
    NOT_AT_WORK = "not at work in this office"
    OUT_OF_SCOPE = "acts for them in other things only"
    LESS_COMPETENT = "less competent"
    MORE_BURDENED = "more burdened"
    MORE_RECEIVED = "equally burdened, more in the last four weeks"
    MORE_RECENTLY = "as many in the last four weeks, the last one later"
    LATER_ID = "equal, later id"
    HEAD_IS_LAST_RESORT = "head leads only when nobody else can"


class Candidate(NamedTuple):
    """Somebody who was looked at. `lost` is None for the one who was chosen.

    `received` counts the last four weeks, `last_on` is the ISO day of the latest ever. `away` and `half` say why and
    for which half of the day they were not here; `acts_for` names whose delegate they are.
    """

    person_id: str
    competence: int = 0
    burden: float = 0.0
    received: int = 0
    last_on: str = ""
    open: int = 0
    away: AbsenceKind | None = None
    half: Half | None = None
    acts_for: str | None = None
    lost: Lost | None = None

    @classmethod
    def of(cls, kept: Iterable[Any]) -> Self:
        """From a plain list, as one is stored."""
        read = cls(*kept)
        return read._replace(
            away=read.away and AbsenceKind(read.away),
            half=read.half and Half(read.half),
            lost=read.lost and Lost(read.lost),
        )


Place = tuple[int, float, int, str, str]
ORDER = (Lost.LESS_COMPETENT, Lost.MORE_BURDENED, Lost.MORE_RECEIVED, Lost.MORE_RECENTLY, Lost.LATER_ID)
"""What somebody lost by, for each part of their `place`."""


def place(candidate: Candidate) -> Place:
    """The lowest comes first."""
    return -candidate.competence, candidate.burden, candidate.received, candidate.last_on, candidate.person_id


@dataclass(frozen=True, slots=True)
class Search:
    """A document that needs somebody in a unit, at one moment."""

    unit_id: str
    matter: str | None
    facts: Facts
    view: OfficeView
    loads: LoadBook
    moment: Moment

    @property
    def horizon(self) -> Horizon:
        return horizon_of(self.moment.today, self.view.calendar)


class Found(NamedTuple):
    """`chosen` is None where nobody can; `candidates` are all who were looked at."""

    chosen: Candidate | None
    candidates: tuple[Candidate, ...]


def lead_in(search: Search) -> Found:
    """Among the unit's workers; where none of them can, its head, or whoever acts for the head."""
    workers = looked_at(search.view.workers(search.unit_id), search)
    head = search.view.last_resort(search.unit_id)
    last_resort = looked_at([head], search) if head else []
    others = [each for each in workers if not _is_as_head(each, last_resort)]
    heads = [each for each in last_resort if each.person_id not in {other.person_id for other in others}]
    chosen = first_of(others)
    if chosen is not None:
        return Found(chosen, (*_told(others, chosen), *_put_off(heads)))
    chosen = first_of(heads)
    return Found(chosen, (*others, *(_told(heads, chosen) if chosen else heads)))


def looked_at(members: Iterable[PersonState], search: Search) -> list[Candidate]:
    """The members and their delegates, each person once; `lost` says what keeps somebody from it in any case."""
    members, horizon = tuple(members), search.horizon
    found = {each.person_id: _candidate(each, search, horizon) for each in members}
    for member in members:
        if found[member.person_id].lost is Lost.ABSENT:
            for person_id, in_scope in _delegates_of(member, search).items():
                known = found.get(person_id)
                if known is None or (known.lost is Lost.OUT_OF_SCOPE and in_scope):
                    found[person_id] = _delegate(person_id, member, in_scope, search, horizon)
    return list(found.values())


def first_of(candidates: Iterable[Candidate], taken: Iterable[str] = ()) -> Candidate | None:
    """The first by `place` of those whom nothing keeps from it and who are not `taken`."""
    free = [each for each in candidates if each.lost is None and each.person_id not in taken]
    return min(free, key=place, default=None)


def _delegates_of(member: PersonState, search: Search) -> dict[str, bool]:
    return delegates(member, search.moment.today, search.matter, search.unit_id) if member.delegations else {}


def _candidate(person: PersonState, search: Search, horizon: Horizon) -> Candidate:
    person_id, received = person.person_id, search.loads.received(person.person_id)
    gone = away(person, search.moment.today, half_looked_at(search.facts, search.moment)) if person.absences else None
    lost = Lost.ABSENT if gone else None
    return Candidate(
        person_id=person_id,
        competence=_competence(person, search.matter),
        burden=search.loads.burden_of(person_id, horizon),
        received=sum([received.weeks.get(week, 0) for week in horizon.weeks]),
        last_on=received.last_on,
        open=search.loads.of(person_id).open,
        away=gone.kind if gone else None,
        half=gone.half if gone else None,
        lost=Lost.CONFLICT if person_id in search.facts.conflicted_person_ids else lost,
    )


def _delegate(person_id: str, member: PersonState, in_scope: bool, search: Search, horizon: Horizon) -> Candidate:
    person, acts_for = search.view.people.get(person_id), member.person_id
    if person is None or person.disabled:
        return Candidate(person_id, acts_for=acts_for, lost=Lost.NOT_AT_WORK)
    candidate = _candidate(person, search, horizon)
    return candidate._replace(acts_for=acts_for, lost=candidate.lost if in_scope else Lost.OUT_OF_SCOPE)


def _competence(person: PersonState, matter: str | None) -> int:
    known = person.competences
    return max([each.level for each in known if each.matter == matter], default=0) if known else 0


def _is_as_head(candidate: Candidate, last_resort: Sequence[Candidate]) -> bool:
    """Whose delegation does not reach this document, and who has it as the head or for the head anyway."""
    return candidate.lost is Lost.OUT_OF_SCOPE and any(candidate.person_id == each.person_id for each in last_resort)


def _told(candidates: Iterable[Candidate], chosen: Candidate) -> list[Candidate]:
    best = place(chosen)
    return [each if each is chosen or each.lost else each._replace(lost=_why(each, best)) for each in candidates]


def _put_off(candidates: Iterable[Candidate]) -> list[Candidate]:
    return [each if each.lost else each._replace(lost=Lost.HEAD_IS_LAST_RESORT) for each in candidates]


def _why(loser: Candidate, best: Place) -> Lost:
    return next(lost for lost, own, its in zip(ORDER, place(loser), best, strict=True) if own != its)
