"""A suggestion in words, and as the row that would have done it. Pure."""

import copy
import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from services.routing.rules.table import LEAD, Row, Table, table_of
from services.routing.suggestions import Pattern, Suggestion

_VIETNAMESE = {
    "kind": "loại {}",
    "issuer_level": "của cấp {}",
    "issuer": "của {}",
    "symbol_suffix": "có ký hiệu …-{}",
    "book": "trong sổ {}",
}
_ENGLISH = {
    "kind": "of the kind {}",
    "issuer_level": "from {}",
    "issuer": "from {}",
    "symbol_suffix": "with symbol …-{}",
    "book": "in the book {}",
}
_LEVELS_IN_VIETNAMESE = {
    "government": "Chính phủ",
    "ministry": "bộ, ngành trung ương",
    "locality": "địa phương",
    "citizen": "công dân",
    "other": "khác",
}
_LEVELS_IN_ENGLISH = {
    "government": "the Government",
    "ministry": "ministries and central agencies",
    "locality": "local bodies",
    "citizen": "citizens",
    "other": "other senders",
}


class Words(NamedTuple):
    vi: str
    en: str


def words_of(one: Suggestion) -> Words:
    vietnamese = _said(one.pattern, _VIETNAMESE, _LEVELS_IN_VIETNAMESE)
    english = _said(one.pattern, _ENGLISH, _LEVELS_IN_ENGLISH)
    return Words(
        f"{one.moved} trong {one.documents} văn bản {vietnamese} đã được chuyển từ {one.from_unit} sang {one.to_unit}",
        f"{one.moved} of {one.documents} documents {english} were moved from {one.from_unit} to {one.to_unit}",
    )


def row_of(one: Suggestion, content: Any) -> Row:
    """The row, with its cells by the columns of the table that `placed` gives."""
    _, table = table_of(placed(content, one))
    return next(row for row in table["rules"] if row["_id"] == _free_id(one, table_of(content)[1]))


def placed(content: Any, one: Suggestion) -> dict[str, Any]:
    """The table with the row before the one that decided, and with the columns that it needs. The given one stays.

    Where the deciding row is gone meanwhile, the new one stands before the default. What else that row says is said again.
    """
    result: dict[str, Any] = copy.deepcopy(content)
    _, table = table_of(result)
    inputs = {name: _column(table, name) for name, _ in one.pattern}
    rows = table["rules"]
    place = next((index for index, row in enumerate(rows) if row["_id"] == one.row_id), len(rows) - 1)
    outputs = {column["id"]: rows[place].get(column["id"], "") for column in table["outputs"]}
    lead = next(column["id"] for column in table["outputs"] if column["field"] == LEAD)
    row = {
        "_id": _free_id(one, table),
        "_description": words_of(one).vi[:200],
        **{column["id"]: "" for column in table["inputs"]},
        **{inputs[name]: f'"{value}"' for name, value in one.pattern},
        **outputs,
        lead: json.dumps(one.to_unit),
    }
    rows.insert(place, row)
    return result


def can_be_written(one: Suggestion) -> bool:
    """ZEN reads no escapes: a value with a quotation mark or a backslash cannot stand in a cell."""
    return not any(mark in value for _, value in one.pattern for mark in '"\\')


def _column(table: Table, name: str) -> str:
    """The id of the column that asks for it; made where there is none."""
    for column in table["inputs"]:
        if column["field"] == name:
            return str(column["id"])
    ids = {each["id"] for part in ("inputs", "outputs") for each in table[part]}
    id = next(each for each in (f"in-{name}", *(f"in-{name}-{number}" for number in range(2, 99))) if each not in ids)
    table["inputs"].append({"id": id, "field": name, "name": name})
    return id


def _free_id(one: Suggestion, table: Table) -> str:
    taken = {row["_id"] for row in table["rules"]}
    return next(each for each in (f"suggested-{number}" for number in range(1, len(taken) + 2)) if each not in taken)


def _said(pattern: Pattern, phrases: Mapping[str, str], levels: Mapping[str, str]) -> str:
    order = list(phrases)
    pairs = sorted(pattern, key=lambda each: order.index(each[0]))
    return ", ".join(
        phrases[name].format(levels.get(value, value) if name == "issuer_level" else value) for name, value in pairs
    )
