"""A cell of an office's workbook: what people write in it, and the value that this means, both ways. Pure."""

import dataclasses
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from enum import StrEnum, auto
from typing import Any

from services.routing.office.resolving import folded

Plain = str | int | float | bool | date | time | None
YES, NO = "có", "không"
_YES_NO = {
    YES: True,
    "x": True,
    "yes": True,
    "true": True,
    "1": True,
    NO: False,
    "no": False,
    "false": False,
    "0": False,
}
_DAY = re.compile(r"(?P<day>\d{1,2})[/.-](?P<month>\d{1,2})[/.-](?P<year>\d{4})|(?P<iso>\d{4}-\d{2}-\d{2})")
_TIME = re.compile(r"(\d{1,2})(?:[:hg](\d{2})?)?(?::00)?")


class Sort(StrEnum):
    """`LIST`: ids or words, separated by commas. `NAMES`: texts that may have commas, separated by semicolons."""

    TEXT = auto()
    WHOLE = auto()
    DAY = auto()
    TIME = auto()
    YES_NO = auto()
    LIST = auto()
    NAMES = auto()


@dataclasses.dataclass(frozen=True)
class Column:
    """`words` are what people write for each value, where there are only a few; the value itself is taken as well."""

    header: str
    field: str
    help: str
    sort: Sort = Sort.TEXT
    required: bool = False
    words: Mapping[str, str] = dataclasses.field(default_factory=dict)


def value_of(column: Column, cell: Plain) -> Any:
    """As JSON has it; raises ValueError that says what to write instead."""
    return _READ[column.sort](column, cell)


def cell_of(column: Column, value: Any) -> Plain:
    """As people write it. `value` is what `value_of` has given, or JSON that means the same."""
    if value is None:
        return None
    if column.sort is Sort.DAY:
        return date.fromisoformat(value)
    if column.sort is Sort.TIME:
        return time.fromisoformat(value)
    if column.sort is Sort.YES_NO:
        return YES if value else NO
    if column.sort in {Sort.LIST, Sort.NAMES}:
        between = ", " if column.sort is Sort.LIST else "; "
        return between.join(column.words.get(each, each) for each in value) or None
    return column.words.get(value, value) if isinstance(value, str) else int(value)


def text_of(cell: Plain) -> str:
    """What a cell shows; a program for tables makes numbers of ids that look like one."""
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    return str(cell).strip()


def _text(column: Column, cell: Plain) -> str:
    return _word(column, text_of(cell))


def _word(column: Column, text: str) -> str:
    if not column.words:
        return text
    known = {folded(word): value for value, word in column.words.items()} | {
        folded(each): each for each in column.words
    }
    if folded(text) not in known:
        raise ValueError(f"“{text}” is none of: {', '.join(column.words.values())}")
    return known[folded(text)]


def _whole(column: Column, cell: Plain) -> int:
    if not re.fullmatch(r"-?\d{1,9}", text_of(cell)):
        raise ValueError(f"“{text_of(cell)}” is no whole number")
    return int(text_of(cell))


def _day(column: Column, cell: Plain) -> str:
    if isinstance(cell, date):  # also a moment
        return (cell.date() if isinstance(cell, datetime) else cell).isoformat()
    found = _DAY.fullmatch(text_of(cell))
    try:
        if found and found["iso"]:
            return date.fromisoformat(found["iso"]).isoformat()
        if found:
            return date(int(found["year"]), int(found["month"]), int(found["day"])).isoformat()
    except ValueError:
        pass
    raise ValueError(f"“{text_of(cell)}” is no day: write it like 31/12/2026")


def _time(column: Column, cell: Plain) -> str:
    if isinstance(cell, datetime):
        cell = cell.time()
    if isinstance(cell, time):
        return cell.replace(microsecond=0).isoformat()
    found = _TIME.fullmatch(text_of(cell).lower())
    try:
        if found:
            return time(int(found[1]), int(found[2] or 0)).isoformat()
    except ValueError:
        pass
    raise ValueError(f"“{text_of(cell)}” is no time of day: write it like 07:30")


def _yes_no(column: Column, cell: Plain) -> bool:
    said = _YES_NO.get(folded(text_of(cell)))
    if said is None:
        raise ValueError(f"“{text_of(cell)}” is neither “{YES}” nor “{NO}”")
    return said


def _list(column: Column, cell: Plain) -> list[str]:
    return [_word(column, each) for each in _split(r"[,;\n]", cell)]


def _names(column: Column, cell: Plain) -> list[str]:
    return _split(r"[;\n]", cell)


def _split(between: str, cell: Plain) -> list[str]:
    return [each.strip() for each in re.split(between, text_of(cell)) if each.strip()]


_READ: dict[Sort, Callable[[Column, Plain], Any]] = {
    Sort.TEXT: _text,
    Sort.WHOLE: _whole,
    Sort.DAY: _day,
    Sort.TIME: _time,
    Sort.YES_NO: _yes_no,
    Sort.LIST: _list,
    Sort.NAMES: _names,
}
