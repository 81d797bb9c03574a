"""A sound table made into one call: facts in, matched row out.

Two traps of ZEN 2.1: a cell that does not compile makes its row never match, without a word, so every cell is
tried before (`judging`); and `create_decision` compiles at each call (0.25 ms), while an engine that holds the table
compiles it once (0.01 ms). The engine is only asked which row matches: what a row says is JSON, and is read once.
"""

import copy
import json
from typing import Any

import zen

from services.events import Urgency
from services.routing.facts import CoordinatingUnit, Facts, Match, Matched, Mode
from services.routing.rules.table import (
    COORDINATING,
    DAYS,
    INPUTS,
    INSTRUCTION,
    LEAD,
    MATTER,
    MODE,
    UNIT,
    URGENCY,
    Table,
    cell,
    table_of,
)

ROW = "vanthu_row"
SOME_DAY = "2026-01-01"
NOTHING_KNOWN = {**dict.fromkeys(INPUTS, ""), "arrived_on": SOME_DAY}


def compiled(content: Any) -> Match:
    """The table as a call. Raises ValueError when the engine refuses it."""
    _, table = table_of(content)
    rows = [_matched(index, row, table) for index, row in enumerate(table["rules"])]
    engine = _engine(content)

    def match(facts: Facts) -> Matched | None:
        answer = _evaluate(engine, _context(facts))
        return rows[int(answer[ROW])] if answer and ROW in answer else None

    return match


def leads_to_a_row(content: Any) -> bool:
    """Whether facts that no condition can mean reach a row: the default. Raises ValueError where ZEN refuses."""
    answer = _evaluate(_engine(content), NOTHING_KNOWN)
    return bool(answer) and ROW in (answer or {})


def said(error: Exception) -> str:
    """The engine's message without its own stack, which follows after an empty line."""
    return " ".join(str(error).partition("Stack backtrace")[0].split())[:300]


def _matched(index: int, row: dict[str, Any], table: Table) -> Matched:
    """What the row's own cells say; they are JSON."""
    cells = {str(column["field"]): cell(row, column) for column in table["outputs"]}
    says = {field: json.loads(text) for field, text in cells.items() if text}
    return Matched(
        row_id=row["_id"],
        row_index=index,
        row_name=row.get("_description") or row["_id"],
        lead_unit=says.get(LEAD) or "",
        coordinating_units=tuple(_coordinating(each) for each in says.get(COORDINATING) or ()),
        working_days=says.get(DAYS),
        mode=Mode(says.get(MODE, Mode.AUTOMATIC)),
        matter=says.get(MATTER),
        instruction=says.get(INSTRUCTION),
        urgency=Urgency(says[URGENCY]) if URGENCY in says else None,
    )


def _coordinating(named: Any) -> CoordinatingUnit:
    return CoordinatingUnit(named) if isinstance(named, str) else CoordinatingUnit(named[UNIT], named.get(DAYS))


def _engine(content: Any) -> zen.ZenEngine:
    return zen.ZenEngine({"loader": {"type": "static", "content": {"rules": _naming_rows(content)}}})


def _evaluate(engine: zen.ZenEngine, context: dict[str, str]) -> dict[str, Any] | None:
    try:
        return engine.evaluate("rules", context)["result"]
    except Exception as error:  # the engine raises plain RuntimeError and ValueError
        raise ValueError(f"the rule table cannot be evaluated: {said(error)}") from error


def _context(facts: Facts) -> dict[str, str]:
    return {
        "issuer_level": facts.issuer_level or "",
        "kind": facts.kind,
        "symbol_suffix": facts.symbol_suffix,
        "subject": facts.subject,
        "urgency": facts.urgency,
        "issuer": facts.issuer,
        "book": facts.book,
        "symbol": facts.symbol,
        "arrived_on": facts.arrived_on.isoformat(),
    }


def _naming_rows(content: Any) -> Any:
    """The graph with the row's place as its only output: what the row says is read from its cells.

    Not its id: the engine reads a text with escapes differently from JSON, and would name a row that is not there.
    """
    result = copy.deepcopy(content)
    _, table = table_of(result)
    table["outputs"] = [{"id": ROW, "field": ROW, "name": ROW}]
    for index, row in enumerate(table["rules"]):
        row[ROW] = str(index)
        # a dash is how people and ZEN's editor write an empty cell, but ZEN itself takes it for a condition nobody meets
        row |= {column["id"]: cell(row, column) for column in table["inputs"]}
    return result
