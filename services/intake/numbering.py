"""Decides which book numbers a document, who is numbered together, and whether the clocks agree."""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta

from services.events import Direction, Kind

INCOMING, OUTGOING, OUTGOING_OFFICE = "incoming", "outgoing", "outgoing-office"
MOST_DOCUMENTS = 200
MOST_BYTES = 4 * 1024 * 1024
_NAME = re.compile(r"^[a-z0-9][a-z0-9_-]{0,59}$")


class QpplOfTheOffice(ValueError):
    """The Office issues no legal normative documents of its own."""


def is_name(text: str) -> bool:
    """Offices, books and devices have names that are safe in a path and in an address."""
    return bool(_NAME.match(text))


def is_book(direction: Direction, book: str) -> bool:
    """Whether a device key may name the book: outgoing doors have two, incoming ones any other."""
    if direction is Direction.OUTGOING:
        return book in {OUTGOING, OUTGOING_OFFICE}
    return is_name(book) and not book.startswith(OUTGOING)


def outgoing_book(key_book: str, qppl_kind: Kind | None) -> str:
    """Each QPPL kind has its own series, and so has the Office."""
    if qppl_kind is None:
        return key_book
    if key_book == OUTGOING_OFFICE:
        raise QpplOfTheOffice
    return f"{OUTGOING}-qppl-{qppl_kind.value.replace('_', '-')}"


def fit_together(sizes: Iterable[int]) -> int:
    """How many of those who wait go into one transaction; at least one."""
    count = total = 0
    for size in sizes:
        total += size
        if count and (count == MOST_DOCUMENTS or total > MOST_BYTES):
            break
        count += 1
    return count


def clocks_agree(database: datetime, book: datetime, service: datetime, tolerance: timedelta) -> bool:
    """`book` is the time that the book would write; a clock that ran ahead once may have left it in the future."""
    return abs(database - service) <= tolerance and book - service <= tolerance
