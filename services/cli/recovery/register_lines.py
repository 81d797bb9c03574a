"""What the register log says as a whole: which line counts of each document, and what in it cannot be. Pure.

A log of a million documents is judged from one number for each; its lines are read a second time one by one.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from services.intake.documents import RECOVERED, is_erased

Line = dict[str, Any]
Book = tuple[str, str, int]
Owner = tuple[str, str, int, int]
NUMBER_BITS, PLACE_BITS, VERSION_BITS = 40, 72, 32
NUMBER, PLACE = (1 << NUMBER_BITS) - 1, (1 << PLACE_BITS) - 1


@dataclass
class Logged:
    """`contested` are documents of which cannot be what is said, in words in `contradictions`.

    `blanked` are those that a line knows as destroyed for secrecy.
    """

    contradictions: list[str] = field(default_factory=list)
    contested: set[str] = field(default_factory=set)
    blanked: set[str] = field(default_factory=set)
    _newest: dict[str, int] = field(default_factory=dict)  # of the line that counts: rank, book, number
    _repeated: set[str] = field(default_factory=set)
    _books: list[Book] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self._newest)

    @property
    def highest(self) -> dict[Book, int]:
        """The highest uncontested number of each book."""
        highest: dict[int, int] = {}
        for id, packed in self._newest.items():
            if id not in self.contested:
                book = (packed & PLACE) >> NUMBER_BITS
                highest[book] = max(highest.get(book, 0), packed & NUMBER)
        return {self._books[book]: number for book, number in highest.items()}

    def chosen(self, said: Iterable[Line]) -> Iterator[Line]:
        """Of the same lines, read again, the one that counts of each document that is not contested."""
        taken: set[str] = set()
        for line in said:
            id = line["id"]
            if id in self.contested or id in taken or _rank(line) != self._newest[id] >> PLACE_BITS:
                continue
            if id in self._repeated:
                taken.add(id)
            yield line


def judged(said: Iterable[Line]) -> Logged:
    """A document with two numbers, or a number with two documents, is nothing that can be guessed."""
    logged, elsewhere = Logged(), defaultdict[str, set[int]](set)
    books: dict[Book, int] = {}
    for line in said:
        id = line["id"]
        place = books.setdefault(owned(line)[:3], len(books)) << NUMBER_BITS | line["number"]
        packed = _rank(line) << PLACE_BITS | place
        known = logged._newest.setdefault(id, packed)
        if known is not packed:
            logged._repeated.add(id)
            logged._newest[id] = max(known, packed)
        if known & PLACE != place:
            elsewhere[id] |= {known & PLACE, place}
        if is_erased(line):
            logged.blanked.add(id)
    logged._books = list(books)
    _contest(logged, elsewhere)
    return logged


def _contest(logged: Logged, elsewhere: dict[str, set[int]]) -> None:
    for id, places in elsewhere.items():
        logged.contested.add(id)
        logged.contradictions.append(f"the document {id} stands there as {_all_named(logged, places)}")
    for place, owners in _with_several_owners(logged, elsewhere).items():
        logged.contradictions.append(f"{_all_named(logged, [place])} stands there for {' and '.join(sorted(owners))}")
        logged.contested |= owners


def _with_several_owners(logged: Logged, elsewhere: dict[str, set[int]]) -> dict[int, set[str]]:
    settled = (packed & PLACE for id, packed in logged._newest.items() if id not in elsewhere)
    everywhere = sorted([*settled, *(place for places in elsewhere.values() for place in places)])
    several: dict[int, set[str]] = {one: set() for one, other in pairwise(everywhere) if one == other}
    for id, packed in logged._newest.items() if several else ():
        for place in elsewhere.get(id, {packed & PLACE}) & several.keys():
            several[place].add(id)
    return several


def owned(line: Line) -> Owner:
    return line["office"], line["book"], line["year"], line["number"]


def named(place: Owner) -> str:
    return "/".join(map(str, place))


def _all_named(logged: Logged, places: Iterable[int]) -> str:
    owners = [(*logged._books[place >> NUMBER_BITS], place & NUMBER) for place in places]
    return " and ".join(sorted(map(named, owners)))


def _rank(line: Line) -> int:
    """By version; but a line that was made from an event alone knows less than any that intake wrote when it numbered."""
    version: int = line.get("version", 1)
    return version | (line.get("device") != RECOVERED) << VERSION_BITS
