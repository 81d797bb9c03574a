"""An office's decision table (ZEN's JDM content) judged, and made into one call: facts in, matched row out.

Two traps of ZEN 2.1: a cell that does not compile makes its row never match, without a word, so every cell is
tried here first; and `create_decision` compiles at each call (0.25 ms), while an engine that holds the table
compiles it once (0.01 ms). The engine is only asked which row matches: what a row says is JSON, and is read once.
"""

import copy
import json
from collections.abc import Collection, Iterator
from typing import Any

import zen

from services.routing.faults import Fault, escaped
from services.routing.roster import Facts, Match, Matched

INPUTS = frozenset({"issuer_level", "kind", "symbol_suffix", "subject", "urgency"})
LEAD, COORDINATING, DAYS = "lead_unit", "coordinating_units", "working_days"
OUTPUTS = frozenset({LEAD, COORDINATING, DAYS})
ROW = "vanthu_row"
MOST_DAYS = 366
MOST_CHARACTERS = 2_000  # of a text: the engine compiles by recursion, and brackets without end would end the process
Table = dict[str, Any]


def faults_of(content: Any, units: Collection[str]) -> list[Fault]:
    """Everything that is wrong with a table, each with its JSON pointer; `units` are those it may name."""
    try:
        place, table = _table_of(content)
    except (KeyError, TypeError, ValueError) as error:
        return [Fault("/rules", f"this is no graph of an input, one decision table and an output: {error}")]
    # rows are read by their columns, and the engine reads only what is sound
    for judged in (_text_faults("/rules", content), _column_faults(place, table), _row_faults(place, table, units)):
        if found := list(judged):
            return found
    return _engine_faults(content)


def compiled(content: Any) -> Match:
    """The table as a call. Raises ValueError when the engine refuses it."""
    _, table = _table_of(content)
    rows = [_matched(index, row, table) for index, row in enumerate(table["rules"])]
    engine = zen.ZenEngine({"loader": {"type": "static", "content": {"rules": _naming_rows(content)}}})

    def match(facts: Facts) -> Matched | None:
        answer = _evaluate(engine, _context(facts))
        return rows[int(answer[ROW])] if answer and ROW in answer else None

    return match


def _matched(index: int, row: dict[str, Any], table: Table) -> Matched:
    """What the row's own cells say; they are JSON."""
    cells = {str(column["field"]): _cell(row, column) for column in table["outputs"]}
    said = {field: json.loads(text) for field, text in cells.items() if text}
    return Matched(
        row_id=row["_id"],
        row_index=index,
        row_name=row.get("_description") or row["_id"],
        lead_unit=said.get(LEAD) or "",
        coordinating_units=tuple(said.get(COORDINATING) or ()),
        working_days=said.get(DAYS),
    )


def _evaluate(engine: zen.ZenEngine, context: dict[str, str]) -> dict[str, Any] | None:
    try:
        return engine.evaluate("rules", context)["result"]
    except Exception as error:  # the engine raises plain RuntimeError and ValueError
        raise ValueError(f"the rule table cannot be evaluated: {_said(error)}") from error


def _said(error: Exception) -> str:
    """The engine's message without its own stack, which follows after an empty line."""
    return " ".join(str(error).partition("Stack backtrace")[0].split())[:300]


def _context(facts: Facts) -> dict[str, str]:
    return {
        "issuer_level": facts.issuer_level or "",
        "kind": facts.kind,
        "symbol_suffix": facts.symbol_suffix,
        "subject": facts.subject,
        "urgency": facts.urgency,
    }


def _table_of(content: Any) -> tuple[str, Table]:
    """The decision table and where it stands."""
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


def _text_faults(place: str, content: Any) -> Iterator[Fault]:
    if isinstance(content, str) and len(content) > MOST_CHARACTERS:
        yield Fault(place, f"is longer than {MOST_CHARACTERS} characters")
    inner = content.items() if isinstance(content, dict) else enumerate(content) if isinstance(content, list) else ()
    for name, each in inner:
        yield from _text_faults(f"{place}/{escaped(str(name))}", each)


def _column_faults(place: str, table: Table) -> Iterator[Fault]:
    if table.get("hitPolicy") != "first":
        yield Fault(f"{place}/hitPolicy", 'must be "first": one row decides')
    for part, known in (("inputs", INPUTS), ("outputs", OUTPUTS)):
        for index, column in enumerate(table[part]):
            field, id = column.get("field"), column.get("id")
            if not isinstance(field, str) or field not in known or not isinstance(id, str) or not id:
                yield Fault(f"{place}/{part}/{index}", f"needs an id and a field among {', '.join(sorted(known))}")
    if not any(column.get("field") == LEAD for column in table["outputs"]):
        yield Fault(f"{place}/outputs", f"no column says {LEAD}")


def _row_faults(place: str, table: Table, units: Collection[str]) -> Iterator[Fault]:
    seen: set[str] = set()
    rows = table["rules"]
    for index, row in enumerate(rows):
        here, last = f"{place}/rules/{index}", index == len(rows) - 1
        id = row.get("_id")
        if not isinstance(id, str) or not id or id in seen:
            yield Fault(f"{here}/_id", "every row needs an id of its own")
        else:
            seen.add(id)
        if not isinstance(row.get("_description"), str) or not row["_description"]:
            yield Fault(f"{here}/_description", "every row needs a name that people can read")
        if _is_default(table, row) and not last:
            yield Fault(here, "a row without conditions must be the last: no row after it is ever reached")
        yield from _cell_faults(here, table, row, units)
    if not rows or not _is_default(table, rows[-1]):
        yield Fault(f"{place}/rules", "the last row must be the default: without any condition")


def _is_default(table: Table, row: dict[str, Any]) -> bool:
    return not any(_cell(row, column) for column in table["inputs"])


def _cell(row: dict[str, Any], column: dict[str, Any]) -> str:
    text = str(row.get(str(column.get("id"))) or "").strip()
    return "" if text == "-" else text


def _cell_faults(here: str, table: Table, row: dict[str, Any], units: Collection[str]) -> Iterator[Fault]:
    for column in (*table["inputs"], *table["outputs"]):
        if not isinstance(row.get(column["id"], ""), str):
            yield Fault(f"{here}/{escaped(column['id'])}", "must be a text; what it says is written as JSON inside it")
    for column in table["inputs"]:
        if (text := _cell(row, column)) and (complaint := _condition_complaint(text)):
            yield Fault(f"{here}/{escaped(column['id'])}", f"this condition does not compile: {complaint}")
    for column in table["outputs"]:
        if complaint := _output_complaint(str(column.get("field")), _cell(row, column), units):
            yield Fault(f"{here}/{escaped(column['id'])}", complaint)


def _condition_complaint(text: str) -> str:
    try:
        zen.evaluate_unary_expression(text, {"$": "x"})
    except Exception as error:  # the engine raises plain RuntimeError and ValueError
        return _said(error)
    return ""


def _output_complaint(field: str, text: str, units: Collection[str]) -> str:
    if not text:
        return "every row must name a lead unit" if field == LEAD else ""
    try:
        value = json.loads(text)
    except ValueError:
        return "must be written as JSON: a text in quotation marks, a list of them, or a number"
    if field == DAYS:
        good = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MOST_DAYS
        return "" if good else f"must be a whole number of working days from 0 to {MOST_DAYS}"
    named = [value] if field == LEAD else value
    if not isinstance(named, list) or not all(isinstance(each, str) for each in named):
        return "must be a unit's id" if field == LEAD else "must be a list of units' ids"
    unknown = [each for each in named if each not in units]
    return f"names units that the file does not have: {', '.join(unknown)}" if unknown else ""


def _engine_faults(content: Any) -> list[Fault]:
    """ZEN has the last word: facts that no condition can mean must reach the default row."""
    try:
        engine = zen.ZenEngine({"loader": {"type": "static", "content": {"rules": _naming_rows(content)}}})
        answer = _evaluate(engine, dict.fromkeys(INPUTS, ""))
    except Exception as error:
        return [Fault("/rules", _said(error))]
    return [] if answer and ROW in answer else [Fault("/rules", "the graph's table does not lead to its output")]


def _naming_rows(content: Any) -> Any:
    """The graph with the row's place as its only output: what the row says is read from its cells.

    Not its id: the engine reads a text with escapes differently from JSON, and would name a row that is not there.
    """
    result = copy.deepcopy(content)
    _, table = _table_of(result)
    table["outputs"] = [{"id": ROW, "field": ROW, "name": ROW}]
    for index, row in enumerate(table["rules"]):
        row[ROW] = str(index)
    return result
