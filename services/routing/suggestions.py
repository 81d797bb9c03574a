"""Patterns in what people correct, and the row that would have decided so. Suggestions only. Pure.

A pattern is one value or two that documents share. It is told when people moved at least eight such documents from
one unit to another, which are at least four in five of them, and when chance would hardly do it: Fisher's exact test
against how often that unit's documents are moved there at all, made stricter by as many patterns as were tried.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from math import exp, lgamma
from typing import NamedTuple

TRAITS = ("kind", "issuer_level", "issuer", "symbol_suffix", "book")
LEAST_MOVED = 8
LEAST_SHARE = 0.8
MOST_BY_CHANCE = 0.01  # of all suggestions of one run together
MOST_EXPLAINED = 0.5  # of a pattern's documents by those that were told before it
Pattern = tuple[tuple[str, str], ...]


class Decided(NamedTuple):
    """A document that rules sent to `from_unit`; where nobody moved it, `to_unit` is the same."""

    facts: Mapping[str, str]
    from_unit: str
    to_unit: str
    row_id: str


@dataclass(frozen=True, slots=True)
class Suggestion:
    """`moved` of `documents` that have the pattern. `row_id` is the row that decided most of them.

    `by_chance` is the chance of it where nothing is behind it, all patterns that were tried taken into account.
    """

    pattern: Pattern
    from_unit: str
    to_unit: str
    moved: int
    documents: int
    row_id: str
    by_chance: float


def suggestions(decided: Iterable[Decided]) -> list[Suggestion]:
    """The surest first. Of patterns that are about the same documents only the surest is told."""
    by_unit: dict[str, list[Decided]] = {}
    for each in decided:
        by_unit.setdefault(each.from_unit, []).append(each)
    pairs = [_tried(sent, to_unit) for _, sent in sorted(by_unit.items()) for to_unit in _targets(sent)]
    tried = sum(count for count, _ in pairs)
    sure = [each for _, found in pairs for each in found if each.by_chance * tried <= MOST_BY_CHANCE]
    sure.sort(key=lambda each: (each.by_chance, len(each.pattern), each.pattern))
    told = _each_once(sure, by_unit)
    return [_corrected(each, tried) for each in told]


def _targets(sent: Iterable[Decided]) -> list[str]:
    moved = Counter(each.to_unit for each in sent if each.to_unit != each.from_unit)
    return sorted(unit for unit, count in moved.items() if count >= LEAST_MOVED)


def _tried(sent: list[Decided], to_unit: str) -> tuple[int, list[Suggestion]]:
    """How many patterns were tried for this pair of units, and those that are often enough moved."""
    moved = [each for each in sent if each.to_unit == to_unit]
    having = Counter(pattern for each in sent for pattern in patterns(each.facts))
    taken = Counter(pattern for each in moved for pattern in patterns(each.facts))
    tried = sum(count >= LEAST_MOVED for count in having.values())
    found = [
        Suggestion(
            pattern=pattern,
            from_unit=sent[0].from_unit,
            to_unit=to_unit,
            moved=count,
            documents=having[pattern],
            row_id=_deciding_row(moved, pattern),
            by_chance=chance(len(sent), len(moved), having[pattern], count),
        )
        for pattern, count in taken.items()
        if count >= LEAST_MOVED and count >= LEAST_SHARE * having[pattern]
    ]
    return tried, found


def patterns(facts: Mapping[str, str]) -> Iterator[Pattern]:
    """Every value alone, and every two together."""
    pairs = sorted((name, value) for name, value in facts.items() if value)
    yield from combinations(pairs, 1)
    yield from combinations(pairs, 2)


def has(facts: Mapping[str, str], pattern: Pattern) -> bool:
    return all(facts.get(name) == value for name, value in pattern)


def chance(documents: int, moved: int, drawn: int, moved_of_drawn: int) -> float:
    """That of `drawn` documents at least so many are moved, if they were drawn blindly."""
    most = min(drawn, moved)
    ways = _log_ways(documents, drawn)
    logs = [
        _log_ways(moved, count) + _log_ways(documents - moved, drawn - count) - ways
        for count in range(moved_of_drawn, most + 1)
        if drawn - count <= documents - moved
    ]
    return min(1.0, sum(exp(each) for each in logs))


def _log_ways(of: int, chosen: int) -> float:
    return lgamma(of + 1) - lgamma(chosen + 1) - lgamma(of - chosen + 1)


def _deciding_row(moved: Iterable[Decided], pattern: Pattern) -> str:
    rows = Counter(each.row_id for each in moved if has(each.facts, pattern))
    return min(rows, key=lambda row: (-rows[row], row))


def _each_once(sure: Iterable[Suggestion], by_unit: Mapping[str, list[Decided]]) -> list[Suggestion]:
    told: list[Suggestion] = []
    for one in sure:
        about = [each for each in by_unit[one.from_unit] if has(each.facts, one.pattern)]
        before = [each.pattern for each in told if each.from_unit == one.from_unit]
        explained = sum(any(has(each.facts, pattern) for pattern in before) for each in about)
        if explained <= MOST_EXPLAINED * len(about):
            told.append(one)
    return told


def _corrected(one: Suggestion, tried: int) -> Suggestion:
    return Suggestion(
        one.pattern, one.from_unit, one.to_unit, one.moved, one.documents, one.row_id, min(1.0, one.by_chance * tried)
    )
