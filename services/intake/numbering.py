"""Decides which book numbers a document, who is numbered together, and whether the clocks agree."""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from services.events import Direction, Kind

INCOMING, OUTGOING, OUTGOING_OFFICE = "incoming", "outgoing", "outgoing-office"
MOST_DOCUMENTS = 200
MOST_BYTES = 4 * 1024 * 1024
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,59}")


class QpplOfTheOffice(ValueError):
    """The Office issues no legal normative documents of its own."""


def is_id(text: str) -> bool:
    """Offices and devices, by the pattern of the office's file. Each is safe as a folder: none begins with a dot."""
    return bool(_ID.fullmatch(text))


def is_name(text: str) -> bool:
    """Books have names that are safe in a path and in an address."""
    return bool(_NAME.fullmatch(text))


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


def highest_of_book(book: Mapping[str, Any] | None, year: int, stored: int) -> int:
    """The highest number of the year that the book will not give again; of a year that is over it gives none."""
    if book is None or book["year"] < year:
        return 0
    return int(book["next"]) - 1 if book["year"] == year else stored


def clocks_agree(database: datetime, service: datetime, tolerance: timedelta) -> bool:
    return abs(database - service) <= tolerance


def is_ahead(book: datetime, service: datetime, tolerance: timedelta) -> bool:
    """Whether the time that the book would write is in the future: a clock ran ahead once. It never goes back."""
    return book - service > tolerance


def is_of_year(book: datetime, service: datetime, zone: ZoneInfo) -> bool:
    """Whether the book's time is in the year that it is: in another one's book nothing may be numbered."""
    return book.astimezone(zone).year == service.astimezone(zone).year
