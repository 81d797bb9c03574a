"""An old code or name, and who that is on a day: what has ended goes on in its successor. Pure."""

import unicodedata
from collections.abc import Iterator, Sequence
from datetime import date
from typing import TypeVar

from services.routing.office.dated import nearest, on
from services.routing.office.file import Succeeded, Unit

Row = TypeVar("Row", bound=Succeeded)


def resolve(rows: Sequence[Row], said: str, day: date) -> Row | None:
    """The row that holds on the day of whom a code, symbol, name or old name means.

    A name of today wins over the same name in the past. None where nobody knows it, or where it has ended
    without a successor.
    """
    id = _meant(rows, said, day)
    return None if id is None else current(rows, id, day)


def current(rows: Sequence[Row], id: str, day: date) -> Row | None:
    """What holds on the day of this id or of whoever follows it; None where that has not begun, or nobody followed."""
    seen: set[str] = set()
    while id not in seen:
        seen.add(id)
        own = [each for each in rows if each.id == id]
        if not own:
            return None
        row = nearest(own, day)
        if row.is_valid_on(day):
            return row
        if row.successor is None or row.first_day > day:
            return None
        id = row.successor
    return None


def folded(name: str) -> str:
    """As names are compared: capitals, spaces and the ways to compose an accent make no difference."""
    return " ".join(unicodedata.normalize("NFC", name).casefold().split())


def successors(rows: Sequence[Row], id: str) -> Iterator[str]:
    """Who follows, one after the other; it ends where one would come again, and that one is said."""
    by_id = {each.id: each.successor for each in rows if each.successor is not None}
    seen = set[str]()
    while id in by_id and id not in seen:
        seen.add(id)
        id = by_id[id]
        yield id


def _meant(rows: Sequence[Row], said: str, day: date) -> str | None:
    if any(each.id == said for each in rows):
        return said
    wanted = folded(said)
    now = on(rows, day)
    for known, names in ((now, _names), (now, _old_names), (rows, _names), (rows, _old_names)):
        for each in known:
            if any(folded(name) == wanted for name in names(each)):
                return each.id
    return None


def _names(row: Succeeded) -> tuple[str, ...]:
    symbol = row.symbol if isinstance(row, Unit) else None
    return (row.name, row.id, *([symbol] if symbol else []))


def _old_names(row: Succeeded) -> tuple[str, ...]:
    return row.old_names
