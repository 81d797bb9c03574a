"""Which facts stand behind a cell, and in which order: filters of a query, and links that ask for it. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import urlencode

from services.events import Direction
from services.policy import Viewer, viewer_tokens
from services.reporting.categories import PREFIX, names
from services.reporting.facts import NEVER, ORDINARY, tokens_of
from services.reporting.window import Window

FACTS_ADDRESS = "/reporting/api/v1/facts"


class FactState(StrEnum):
    """The columns of the standard report, judged at the end of the window; and what was voided."""

    CARRIED_OVER = "carried_over"
    NEW = "new"
    TOTAL = "total"
    DONE_ON_TIME = "done_on_time"
    DONE_LATE = "done_late"
    OPEN_WITHIN_TIME = "open_within_time"
    OPEN_OVERDUE = "open_overdue"
    NO_DEADLINE = "no_deadline"
    VOIDED = "voided"


@dataclass(frozen=True, slots=True)
class FactQuery:
    """Without a state: what arrived within the window, by arrival. With one: the report's column, by completion."""

    window: Window
    direction: Direction | None = None
    category: str | None = None
    unit: str | None = None
    person: str | None = None
    state: FactState | None = None

    @property
    def sorted_by(self) -> str:
        return "arrived_on" if self.state in {None, FactState.VOIDED} else "done_on"

    @property
    def is_of_everybody(self) -> bool:
        """A column of the report's total: work of all units."""
        return self.sorted_by == "done_on" and self.unit is None and self.person is None


def need_to_know(viewer: Viewer) -> dict[str, Any]:
    """The policy's `may_read` as a condition. Who reads only what names them is found by that."""
    tokens = viewer_tokens(viewer)
    known: dict[str, Any] = {"readers": {"$in": sorted(tokens)}, "conflicted": {"$ne": viewer.person_id}}
    return known if tokens & ORDINARY else known | {"named": {"$in": sorted(tokens)}}


def filter_of(query: FactQuery, office: str, units: Sequence[str] = ()) -> dict[str, Any]:
    """Without need to know, which the store adds. `units` are all units, where the query is of everybody."""
    wanted: dict[str, Any] = {"office": office, "counts": query.state is not FactState.VOIDED}
    wanted |= {name: value for name in ("unit", "person") if (value := getattr(query, name)) is not None}
    led_by = (
        [tokens_of(query.unit, query.person)]
        if query.unit or query.person
        else [tokens_of(each, None) for each in units]
    )
    if led_by:
        wanted["named"] = {"$in": sorted(frozenset[str]().union(*led_by))}
    if query.direction or query.category or query.sorted_by == "arrived_on":
        wanted["category"] = _categories(query)
    if query.sorted_by == "arrived_on":
        within = {"arrived_on": {"$gte": query.window.first, "$lte": query.window.last}}
        return wanted | within | {"done_on": {"$gte": query.window.first}}  # nothing is done before it arrives
    assert query.state is not None
    return wanted | {"direction": Direction.INCOMING.value} | _column(query.state, query.window)


def _categories(query: FactQuery) -> dict[str, Any]:
    directions = [query.direction] if query.direction else list(Direction)
    codes = [f"{PREFIX[each]}:{name}" for each in directions for name in names(each)]
    return {"$in": [code for code in codes if query.category in {None, code.partition(":")[2]}]}


def _column(state: FactState, window: Window) -> dict[str, Any]:
    until = {"arrived_on": {"$lte": window.last}}
    in_scope = until | {"done_on": {"$gte": window.first}}
    done = {"done_on": {"$gte": window.first, "$lte": window.last}}
    still_open = until | {"done_on": {"$gt": window.last}}
    columns: dict[FactState, dict[str, Any]] = {
        FactState.CARRIED_OVER: {"arrived_on": {"$lt": window.first}, "done_on": {"$gte": window.first}},
        FactState.NEW: in_scope | {"arrived_on": {"$gte": window.first, "$lte": window.last}},
        FactState.TOTAL: in_scope,
        FactState.DONE_ON_TIME: done | {"on_time": True},
        FactState.DONE_LATE: done | {"on_time": False},
        FactState.OPEN_WITHIN_TIME: still_open | {"due_on": {"$gte": window.last}},
        FactState.OPEN_OVERDUE: still_open | {"due_on": {"$lt": window.last}},
        FactState.NO_DEADLINE: in_scope | {"due_on": None},
    }
    return columns[state]


def page_after(query: FactQuery, after: str) -> dict[str, Any]:
    """The condition that goes on behind the last row of a page; raises ValueError for no such place."""
    day, _, document_id = after.partition("~")
    if len(day) != len(NEVER) or not document_id:
        raise ValueError(after)
    key = query.sorted_by
    return {"$or": [{key: {"$gt": day}}, {key: day, "_id": {"$gt": document_id}}]}


def place_of(query: FactQuery, fact: dict[str, Any]) -> str:
    return f"{fact[query.sorted_by]}~{fact['_id']}"


def link_to(query: FactQuery) -> str:
    """The address that lists exactly the documents behind a cell."""
    wanted = {name: getattr(query, name) for name in ("direction", "category", "unit", "person", "state")}
    given = {name: str(value) for name, value in wanted.items() if value is not None}
    return f"{FACTS_ADDRESS}?{urlencode(given | {'from': query.window.first, 'to': query.window.last})}"
