"""What is wrong with a table, and what is only worth a look: every finding names its place and row."""

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

import zen

from services.routing.faults import Fault, escaped
from services.routing.rules.compiling import NOTHING_KNOWN, leads_to_a_row, said
from services.routing.rules.reach import Reach, Verdict, reaches
from services.routing.rules.says import output_complaint
from services.routing.rules.table import (
    INPUTS,
    LEAD,
    MOST_CHARACTERS,
    OUTPUTS,
    Table,
    cell,
    is_default,
    name_of,
    table_of,
)

Names = Collection[str]


@dataclass(frozen=True, slots=True)
class Judgement:
    """A table with faults cannot count. `warnings` are for people; `unchecked` says what could not be decided."""

    faults: tuple[Fault, ...] = ()
    warnings: tuple[Fault, ...] = ()
    unchecked: tuple[Fault, ...] = ()


def faults_of(content: Any, units: Names) -> list[Fault]:
    """Everything that is wrong with a table, each with its JSON pointer; `units` are those it may name."""
    return list(judged(content, units).faults)


def judged(content: Any, units: Names, matters: Names | None = None) -> Judgement:
    """`matters` of None are not looked at."""
    try:
        place, table = table_of(content)
    except (KeyError, TypeError, ValueError) as error:
        return Judgement((Fault("/rules", f"this is no graph of an input, one decision table and an output: {error}"),))
    rows = _row_faults(place, table, units, matters)
    # rows are read by their columns, and the engine reads only what is sound
    for found in (_text_faults("/rules", content), _column_faults(place, table), rows, _engine_faults(content)):
        if faults := tuple(found):
            return Judgement(faults)
    return _reached(place, table)


def _reached(place: str, table: Table) -> Judgement:
    found = reaches(table)
    in_vain = [each for each in found if each.verdict is Verdict.UNREACHABLE]
    # a default must be there, also where the rows before it leave nothing to it
    faults = [_unreached(place, table, each) for each in in_vain if not is_default(table, table["rules"][each.row])]
    warnings = [_crossed(place, table, each) for each in found if each.crossed_by]
    unchecked = [_undecided(place, table, each) for each in found if _hangs(table, each)]
    return Judgement(tuple(faults), tuple(warnings), tuple(unchecked))


def _hangs(table: Table, reach: Reach) -> bool:
    return reach.verdict is Verdict.UNCHECKED and not is_default(table, table["rules"][reach.row])


def _unreached(place: str, table: Table, reach: Reach) -> Fault:
    name = name_of(table["rules"][reach.row])
    if reach.impossible:
        return Fault(_at(place, reach.row), f"the row {name} never matches: no document has {reach.impossible}")
    return Fault(
        _at(place, reach.row),
        f"the row {name} is never reached: all it could match goes to {_names(table, reach.hidden_by)}",
    )


def _crossed(place: str, table: Table, reach: Reach) -> Fault:
    name, others = name_of(table["rules"][reach.row]), _names(table, reach.crossed_by)
    return Fault(_at(place, reach.row), f"part of what the row {name} matches goes to {others}, which comes before it")


def _undecided(place: str, table: Table, reach: Reach) -> Fault:
    name = name_of(table["rules"][reach.row])
    return Fault(
        _at(place, reach.row), f"whether the row {name} is reached hangs on conditions that only documents show"
    )


def _at(place: str, row: int) -> str:
    return f"{place}/rules/{row}"


def _names(table: Table, rows: Collection[int], most: int = 5) -> str:
    shown = ", ".join(name_of(table["rules"][each]) for each in sorted(rows)[:most])
    return f"{shown} and {len(rows) - most} more" if len(rows) > most else shown


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


def _row_faults(place: str, table: Table, units: Names, matters: Names | None) -> Iterator[Fault]:
    rows = table["rules"]
    ids = Counter(each for row in rows if isinstance(each := row.get("_id"), str))
    for index, row in enumerate(rows):
        here = _at(place, index)
        if not isinstance(row.get("_id"), str) or not row["_id"] or ids[row["_id"]] > 1:
            yield Fault(f"{here}/_id", "every row needs an id of its own")
        if not isinstance(row.get("_description"), str) or not row["_description"]:
            yield Fault(f"{here}/_description", "every row needs a name that people can read")
        if is_default(table, row) and index < len(rows) - 1:
            yield Fault(here, f"{name_of(row)} has no condition and must be the last: no row after it is ever reached")
        yield from _cell_faults(here, table, row, units, matters)
    if not rows or not is_default(table, rows[-1]):
        yield Fault(f"{place}/rules", "the last row must be the default: without any condition")


def _cell_faults(here: str, table: Table, row: dict[str, Any], units: Names, matters: Names | None) -> Iterator[Fault]:
    for column in (*table["inputs"], *table["outputs"]):
        if not isinstance(row.get(column["id"], ""), str):
            yield _fault_in(here, row, column, "must be a text; what it says is written as JSON inside it")
    for column in table["inputs"]:
        if (text := cell(row, column)) and (complaint := _condition_complaint(column["field"], text)):
            yield _fault_in(here, row, column, f"this condition does not compile: {complaint}")
    for column in table["outputs"]:
        if complaint := output_complaint(str(column.get("field")), cell(row, column), units, matters):
            yield _fault_in(here, row, column, complaint)


def _fault_in(here: str, row: dict[str, Any], column: dict[str, Any], complaint: str) -> Fault:
    return Fault(f"{here}/{escaped(column['id'])}", f"in the row {name_of(row)}: {complaint}")


def _condition_complaint(field: str, text: str) -> str:
    try:
        zen.evaluate_unary_expression(text, {"$": NOTHING_KNOWN[field] or "x"})
    except Exception as error:  # the engine raises plain RuntimeError and ValueError
        return said(error)
    return ""


def _engine_faults(content: Any) -> Iterator[Fault]:
    """ZEN has the last word: facts that no condition can mean must reach the default row."""
    try:
        if not leads_to_a_row(content):
            yield Fault("/rules", "the graph's table does not lead to its output")
    except Exception as error:  # the engine raises plain RuntimeError and ValueError
        yield Fault("/rules", said(error))
