"""A model of one document's way through routing, notify and reporting, made of their own pure functions.

Kafka keeps the order of one producer's events about a document; replays, resends and repaired dead letters do not.
So a reader is tried with every order, every cut into batches and every repeat.
"""

import json
import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import combinations, permutations, product
from typing import Any

from services.events import (
    AssignmentAccepted,
    AssignmentEvent,
    AssignmentReturned,
    AssignmentState,
    DocumentAssigned,
    DocumentCompleted,
    Event,
)
from services.notify.audience import Directory
from services.notify.telling import tell
from services.reporting.facts import fact_of
from services.reporting.projecting import News, newest_of, project
from services.reporting.tally import Delta, move
from services.routing.actions import accept, complete, give_back, reassign
from services.routing.assignment import Entry, Kept, Told, event_of, followed
from services.routing.roster import OfficeView, facts_of
from services.routing.settling import Desks, Moment, newest, settle
from services.routing.workload import LoadBook
from tests.offices import HA_TINH
from tests.routing.small_office import NOW

TODAY = date(2026, 3, 2)
CLERKS = Directory({(HA_TINH, "role:clerk"): frozenset({"clerk"}), (HA_TINH, "role:security_officer"): frozenset()})
Act = tuple[type[AssignmentEvent], Callable[[AssignmentState], Any]]

ACCEPT: Act = (AssignmentAccepted, lambda state: accept(state, state.lead_person_id or "", NOW))
RETURN: Act = (AssignmentReturned, lambda state: give_back(state, state.lead_person_id or "", "nhầm phòng"))
REASSIGN: Act = (DocumentAssigned, lambda state: reassign(state, "KT", "minh", (), TODAY, None))
COMPLETE: Act = (DocumentCompleted, lambda state: complete(state, state.lead_person_id or "", TODAY, "xong"))


@dataclass(frozen=True)
class Office:
    """routing with one document: what it keeps, what it has said, and what is still to come to it."""

    view: OfficeView = field(compare=False, repr=False)
    waiting: tuple[Told, ...]
    acts: tuple[Act, ...]
    kept: Kept | None = None
    said: tuple[AssignmentEvent, ...] = ()

    def steps(self) -> Iterator["Office"]:
        """All that may happen next: any batch of what waits, in any order, or the next thing that a person does."""
        for size in range(1, len(self.waiting) + 1):
            for batch in permutations(self.waiting, size):
                yield replace(self._settled(batch), waiting=tuple(each for each in self.waiting if each not in batch))
        if self.acts and self.kept:
            yield replace(self._acted(self.kept, *self.acts[0]), acts=self.acts[1:])

    def _settled(self, batch: Sequence[Told]) -> "Office":
        told = newest(batch)
        facts = {key: facts_of(event.document) for key, event in told.items()}
        matched = {key: self.view.match(each) for key, each in facts.items()}
        desks = Desks({HA_TINH: self.view}, {HA_TINH: LoadBook({})}, facts, matched, Moment(NOW, TODAY))
        known = {(self.kept.office, self.kept.document_id): self.kept} if self.kept else {}
        result = self
        for change in settle(told, known, desks):
            result = replace(result, kept=change.after, said=(*result.said, *([change.event] if change.event else [])))
        return result

    def _acted(self, kept: Kept, says: type[AssignmentEvent], do: Callable[[AssignmentState], Any]) -> "Office":
        outcome = do(kept.state)
        if not isinstance(outcome, AssignmentState):
            return self  # refused: it comes too late
        entry = Entry(version=kept.version + 1, what=says.type, recorded_at=NOW, happened_at=NOW)
        after = followed(kept, entry, state=outcome)
        return replace(self, kept=after, said=(*self.said, event_of(after, says, NOW)))


def journals(
    view: OfficeView, told: Sequence[Told], acts: Sequence[Act]
) -> tuple[list[tuple[AssignmentEvent, ...]], int]:
    """Every journal that routing can come to, each once, and in how many ways it may come to one of them."""
    ways: dict[str, tuple[Office, int]] = {}
    ends: dict[str, tuple[AssignmentEvent, ...]] = {}
    layer = {"": (Office(view, tuple(told), tuple(acts)), 1)}
    total = 0
    while layer:
        ways = {}
        for office, count in layer.values():
            following = list(office.steps())
            if not following:
                ends[_text(office.said)] = office.said
                total += count
            for each in following:
                key = f"{[event.version for event in each.waiting]} {len(each.acts)} {each.kept} {_text(each.said)}"
                ways[key] = (each, ways.get(key, (each, 0))[1] + count)
        layer = ways
    return list(ends.values()), total


def _text(said: Iterable[Event]) -> str:
    return json.dumps([each.model_dump(mode="json") | {"event_id": ""} for each in said])


def history_of(told: Sequence[Told], said: Sequence[AssignmentEvent], most_events: int) -> list[Event]:
    """All that reporting hears of the document; of many notices the last ones, which carry the state of all."""
    notices = tell({}, said, CLERKS, NOW).events
    room = most_events - len(told) - len(said)
    return [*told, *said, *notices[max(0, len(notices) - room) :]]


@dataclass(frozen=True)
class Books:
    """What reporting has of the document: its row, and the counters that it moved."""

    row: Mapping[str, Any] | None = None
    counters: Mapping[tuple[str, str], int] = field(default_factory=dict)

    def after(self, news: Sequence[News]) -> "Books":
        """As the store would write it."""
        changes = project(news, {self.row["_id"]: dict(self.row)} if self.row else {})
        row = dict(changes.new[0]) if changes.new else dict(self.row or {})
        for fields in changes.changed.values():
            row["parts"] = dict(row["parts"])
            for path, value in fields.items():
                _, _, producer = path.partition("parts.")
                if producer:
                    row["parts"][producer] = value
                else:
                    row[path] = value
        moved = Counter(self.counters)
        moved.update(changes.delta)
        return Books(row or None, {cell: count for cell, count in moved.items() if count})

    @property
    def expected_counters(self) -> dict[tuple[str, str], int]:
        """What the row's parts add up to."""
        delta: Delta = {}
        if self.row:
            move(delta, HA_TINH, (), fact_of(HA_TINH, self.row["_id"], self.row["parts"])["counted"])
        return delta


def says_the_same_in_any_order(events: Sequence[Event]) -> int:
    """How many batches were compared: each choice of the events in each order, and doubled."""
    compared = 0
    for size in range(1, len(events) + 1):
        for chosen in combinations(events, size):
            expected = _by_producer(newest_of(chosen))
            for batch in permutations(chosen):
                compared += 1
                assert _by_producer(newest_of(batch)) == expected, batch
            assert _by_producer(newest_of([*chosen, *reversed(chosen)])) == expected, chosen
    return compared


def _by_producer(news: Iterable[News]) -> dict[str, Any]:
    return {each.producer: each.part for each in news}


def reached(events: Sequence[Event]) -> tuple[dict[frozenset[int], list[Books]], int]:
    """Every state that reporting comes to, by what it has heard, and how many steps lead between them.

    A step is any batch of the events, whether heard before or not, its producers in either order.
    """
    numbers = range(len(events))
    batches = [frozenset(each) for size in range(1, len(events) + 1) for each in combinations(numbers, size)]
    news = {batch: newest_of([events[number] for number in sorted(batch)]) for batch in batches}
    states: dict[frozenset[int], list[Books]] = {frozenset(): [Books()]}
    steps = 0
    for heard in sorted([frozenset[int](), *batches], key=len):
        for books in states[heard]:
            assert dict(books.counters) == books.expected_counters, books
        for books, batch in product(list(states[heard]), batches):
            for ordered in [news[batch], news[batch][::-1]][: len(news[batch])]:
                steps += 1
                after, known = books.after(ordered), states.setdefault(heard | batch, [])
                if after not in known:
                    known.append(after)
    return {heard: each for heard, each in states.items() if heard}, steps


def orders_and_cuts(events: int) -> int:
    """In how many ways so many events come: each order, each cut into batches."""
    return math.factorial(events) << (events - 1)
