"""The rule table as rows of a sheet: plain lists instead of conditions, and conditions where a list is not enough. Pure.

A cell that begins with `ZEN:` is a condition in the table's own language, as it stands.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

INPUTS = ("issuer_level", "kind", "symbol_suffix", "subject", "urgency")
OUTPUTS = ("lead_unit", "coordinating_units", "working_days", "mode", "matter", "instruction")
FIELDS = (*INPUTS, *OUTPUTS)
RAW = "ZEN:"
_IN = re.compile(r"\$ in (\[.*\])", re.DOTALL)
_HAS = re.compile(r"some\((\[.*\]), contains\(\$, #\)\)", re.DOTALL)
Table = dict[str, Any]


class NotTabular(ValueError):
    """The office has something that no sheet can say: an export as JSON keeps it."""


def frame_of(rules: Mapping[str, Any]) -> Table:
    """Everything of the table but its rows. Raises NotTabular."""
    frame: Table = json.loads(json.dumps(rules))
    table_in(frame)["rules"] = []
    return frame


def usual_frame() -> Table:
    """A table with every column that rules may have."""
    content = {
        "hitPolicy": "first",
        "inputs": [{"id": each, "field": each, "name": each} for each in INPUTS],
        "outputs": [{"id": each, "field": each, "name": each} for each in OUTPUTS],
        "rules": [],
    }
    nodes = [
        {"id": "facts", "type": "inputNode", "name": "facts", "position": {"x": 0, "y": 0}},
        {
            "id": "table",
            "type": "decisionTableNode",
            "name": "table",
            "position": {"x": 300, "y": 0},
            "content": content,
        },
        {"id": "decision", "type": "outputNode", "name": "decision", "position": {"x": 600, "y": 0}},
    ]
    edges = [
        {"id": "facts-table", "type": "edge", "sourceId": "facts", "targetId": "table"},
        {"id": "table-decision", "type": "edge", "sourceId": "table", "targetId": "decision"},
    ]
    return {"nodes": nodes, "edges": edges}


def place_in(frame: Mapping[str, Any]) -> str:
    """The JSON pointer of the table within the office's file."""
    index = next(index for index, node in enumerate(frame["nodes"]) if node.get("type") == "decisionTableNode")
    return f"/rules/nodes/{index}/content"


def table_in(frame: Mapping[str, Any]) -> Table:
    tables: list[Table] = [node["content"] for node in frame["nodes"] if node.get("type") == "decisionTableNode"]
    if len(tables) != 1:
        raise NotTabular("it has not exactly one decision table")
    return tables[0]


def columns_of(table: Table) -> dict[str, str]:
    """The column's id by its field."""
    return {column["field"]: column["id"] for column in (*table["inputs"], *table["outputs"])}


def row_of(table: Table, values: Mapping[str, Any]) -> Table:
    """A row of the table from a row of the sheet; a field that the table has no column for is left out."""
    cells = {id: _cell(field, values.get(field)) for field, id in columns_of(table).items()}
    return {"_id": values.get("_id", ""), "_description": values.get("_description", ""), **cells}


def values_of(table: Table, row: Mapping[str, Any]) -> Table:
    """A row of the sheet from a row of the table. Raises NotTabular."""
    columns = columns_of(table)
    values = {field: _value(field, row.get(id, "")) for field, id in columns.items()}
    values = {field: value for field, value in values.items() if value is not None}
    found = {"_id": row.get("_id", ""), "_description": row.get("_description", ""), **values}
    if row_of(table, found) != dict(row):
        raise NotTabular(f"the row {row.get('_id')} has something of its own beside its cells")
    return found


def _cell(field: str, value: Any) -> str:
    if value is None or value == []:
        return ""
    if isinstance(value, str) and value.startswith(RAW):
        return value.removeprefix(RAW).strip()
    if field not in INPUTS:
        return _json(value)
    if field == "subject":
        return f"some({_json([each.lower() for each in value])}, contains($, #))"
    return _json(value[0]) if len(value) == 1 else f"$ in {_json(value)}"


def _value(field: str, cell: str) -> Any:
    """Plain where the plain value makes the very same cell again."""
    if not cell:
        return None
    plain = next((each for each in (_read(how, cell) for how in _HOW) if each is not None), None)
    if field in INPUTS and isinstance(plain, str):
        plain = [plain]
    is_list = field in INPUTS or field == "coordinating_units"
    fits = plain is not None and isinstance(plain, list) == is_list and _is_plain(plain)
    return plain if fits and _cell(field, plain) == cell else f"{RAW} {cell}"


def _is_plain(value: Any) -> bool:
    """What survives being written into a cell, separated by commas."""
    if isinstance(value, list):
        return bool(value) and all(
            isinstance(each, str) and _is_plain(each) and not re.search(r"[,;\n]", each) for each in value
        )
    return not isinstance(value, str) or (bool(value) and value == value.strip() and not value.startswith(RAW))


def _read(how: Callable[[str], Any], cell: str) -> Any:
    try:
        return how(cell)
    except ValueError:
        return None


def _inside(pattern: re.Pattern[str]) -> Callable[[str], Any]:
    def read(cell: str) -> Any:
        found = pattern.fullmatch(cell)
        return json.loads(found[1]) if found else None

    return read


_HOW: tuple[Callable[[str], Any], ...] = (json.loads, _inside(_IN), _inside(_HAS))


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
