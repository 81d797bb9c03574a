"""A decision table as it stands in a JDM graph: its columns, its rows, their cells. Pure."""

from typing import Any

from services.events import IssuerLevel, Kind, Urgency

INPUTS = frozenset(
    {"issuer_level", "kind", "symbol_suffix", "subject", "urgency", "issuer", "book", "symbol", "arrived_on"}
)
LEAD, COORDINATING, DAYS = "lead_unit", "coordinating_units", "working_days"
MODE, MATTER, INSTRUCTION, URGENCY = "mode", "matter", "instruction", "urgency"
OUTPUTS = frozenset({LEAD, COORDINATING, DAYS, MODE, MATTER, INSTRUCTION, URGENCY})
UNIT = "unit"
MOST_DAYS = 366
MOST_CHARACTERS = 2_000  # of a text: the engine compiles by recursion, and brackets without end would end the process
CLOSED: dict[str, frozenset[str]] = {
    "kind": frozenset(Kind),
    "issuer_level": frozenset({*IssuerLevel, ""}),
    "urgency": frozenset(Urgency),
}
"""Inputs that can have no other value than these."""
CAPITALS, SMALL_LETTERS = frozenset({"symbol", "symbol_suffix"}), frozenset({"subject"})
Table = dict[str, Any]
Row = dict[str, Any]


def table_of(content: Any) -> tuple[str, Table]:
    """The decision table and where it stands. Raises KeyError, TypeError or ValueError where there is none."""
    nodes = content["nodes"]
    kinds = sorted(node["type"] for node in nodes)
    if kinds != ["decisionTableNode", "inputNode", "outputNode"]:
        raise ValueError("it has the nodes " + ", ".join(kinds))
    index = next(index for index, node in enumerate(nodes) if node["type"] == "decisionTableNode")
    table: Table = nodes[index]["content"]
    for part in ("inputs", "outputs", "rules"):
        if not isinstance(table[part], list) or not all(isinstance(each, dict) for each in table[part]):
            raise ValueError(f"{part} must be a list of objects")
    return f"/rules/nodes/{index}/content", table


def cell(row: Row, column: dict[str, Any]) -> str:
    """What stands there; nothing where the column does not matter to the row."""
    text = str(row.get(str(column.get("id"))) or "").strip()
    return "" if text == "-" else text


def is_default(table: Table, row: Row) -> bool:
    return not any(cell(row, column) for column in table["inputs"])


def name_of(row: Row) -> str:
    """As people know the row: its name, and its id."""
    name, id = (_short(row.get(each)) for each in ("_description", "_id"))
    return f"“{name}” ({id})" if name and name != id else f"“{id}”"


def _short(text: Any) -> str:
    return f"{text:.60}…" if isinstance(text, str) and len(text) > 60 else str(text or "")


def can_be(field: str, value: str) -> bool:
    """Whether any document can have this value."""
    if field in CLOSED:
        return value in CLOSED[field]
    if field in CAPITALS:
        return value == value.upper().strip()
    return value == value.lower() if field in SMALL_LETTERS else True
