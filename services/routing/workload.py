"""How much each person has, as sums over assignments: what is open, and all that they have or did. Pure."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from services.events import AssignmentState, AssignmentStatus

OPEN = frozenset({AssignmentStatus.ASSIGNED, AssignmentStatus.ACCEPTED})


class Load(NamedTuple):
    open: int = 0
    total: int = 0


NO_LOAD = Load()


def load_of(state: AssignmentState | None) -> tuple[str, Load] | None:
    """Whom an assignment burdens, and how. Withdrawn work burdens nobody, completed work is only in the total."""
    if state is None or state.lead_person_id is None or state.status == AssignmentStatus.WITHDRAWN:
        return None
    return state.lead_person_id, Load(int(state.status in OPEN), 1)


class LoadBook:
    """Loads of one office while a batch is decided; `changes` is the difference to what was read."""

    def __init__(self, loads: Mapping[str, Load] | None = None) -> None:
        self._loads = dict(loads or {})
        self.changes: dict[str, Load] = {}

    def of(self, person_id: str) -> Load:
        return self._loads.get(person_id, NO_LOAD)

    def shift(self, before: AssignmentState | None, after: AssignmentState) -> None:
        if before is not None and (released := load_of(before)):
            person_id, (open, total) = released
            self._add(person_id, Load(-open, -total))
        if burdened := load_of(after):
            self._add(*burdened)

    def _add(self, person_id: str, by: Load) -> None:
        for loads in (self._loads, self.changes):
            known = loads.get(person_id, NO_LOAD)
            loads[person_id] = Load(known.open + by.open, known.total + by.total)


def recomputed(states: Iterable[AssignmentState]) -> dict[str, Load]:
    """The loads as they must be, from the assignments themselves: the oracle for the kept ones."""
    book = LoadBook()
    for state in states:
        book.shift(None, state)
    return {person: load for person, load in book.changes.items() if load != NO_LOAD}
