"""What a row's output cells may say, each with the complaint where it says something else. Pure."""

import json
from collections.abc import Callable, Collection
from typing import Any

from services.events import Urgency
from services.routing.facts import Mode
from services.routing.rules.table import COORDINATING, DAYS, INSTRUCTION, LEAD, MATTER, MODE, MOST_DAYS, UNIT, URGENCY


def output_complaint(field: str, text: str, units: Collection[str], matters: Collection[str] | None = None) -> str:
    """Empty where all is well. `matters` of None are not looked at."""
    if not text:
        return "every row must name a lead unit" if field == LEAD else ""
    try:
        value = json.loads(text)
    except ValueError:
        return "must be written as JSON: a text in quotation marks, a list of them, or a number"
    if field in {LEAD, COORDINATING}:
        return _units_complaint(field, value, units)
    if field in _IS_GOOD and not _IS_GOOD[field](value):
        return _MUST_BE[field]
    if field == MATTER and matters is not None and value not in matters:
        return f"names a matter that the office does not have: {value}"
    return ""


def _units_complaint(field: str, value: Any, units: Collection[str]) -> str:
    named: list[str | None] | None = None
    if field == LEAD:
        named = [value] if isinstance(value, str) else None
    elif isinstance(value, list):
        named = [_unit_in(each) for each in value]
    if named is None or None in named:
        return "must be a unit's id" if field == LEAD else _MUST_BE[COORDINATING]
    unknown = [str(each) for each in named if each not in units]
    return f"names units that the file does not have: {', '.join(unknown)}" if unknown else ""


def _unit_in(named: Any) -> str | None:
    if isinstance(named, dict) and named.keys() <= {UNIT, DAYS} and _is_days(named.get(DAYS, 0)):
        named = named.get(UNIT)
    return named if isinstance(named, str) else None


def _is_days(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MOST_DAYS


def _is_words(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


_IS_GOOD: dict[str, Callable[[Any], bool]] = {
    DAYS: _is_days,
    MODE: lambda value: value in list(Mode),
    MATTER: _is_words,
    INSTRUCTION: _is_words,
    URGENCY: lambda value: value in list(Urgency),
}
_MUST_BE = {
    DAYS: f"must be a whole number of working days from 0 to {MOST_DAYS}",
    MODE: f"must be one of {', '.join(Mode)}",
    MATTER: "must be a text in quotation marks",
    INSTRUCTION: "must be a text in quotation marks",
    URGENCY: f"must be one of {', '.join(Urgency)}",
    COORDINATING: 'must be a list of units\' ids, or of {"unit": id, "working_days": number}',
}
