"""What reporting's API answers with: made from sums and facts, with a link behind every cell. Pure."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from services.reporting.annual import AnnualReport
from services.reporting.facts import NEVER, Fact
from services.reporting.handling import COLUMNS, HandlingRow, handling_row, total_of
from services.reporting.listing import FactQuery, FactState, link_to
from services.reporting.tally import UNASSIGNED, UNIT
from services.reporting.window import Window


class Freshness(BaseModel):
    """`unapplied` events wait in this process's partitions; None where it reads none."""

    as_of: datetime | None
    unapplied: int | None


class Windowed(BaseModel):
    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True)

    first_day: date = Field(alias="from")
    last_day: date = Field(alias="to")
    freshness: Freshness


class AnnualAnswer(Windowed):
    report: AnnualReport


class Cell(BaseModel):
    count: int
    facts: str


class HandlingAnswerRow(BaseModel):
    """`on_time_rate` is of what was done and had a deadline, `missing_deadline_rate` of the total; 0 to 1."""

    code: str
    name: str
    cells: dict[str, Cell]
    on_time_rate: float | None
    missing_deadline_rate: float | None


class HandlingAnswer(Windowed):
    """`judged_on` is the window's last day, or today where that is yet to come."""

    judged_on: date
    by: str
    rows: list[HandlingAnswerRow]
    total: HandlingAnswerRow


class FactAnswer(BaseModel):
    """A restricted document has neither subject nor anything of its sender here."""

    document_id: str
    direction: str
    category: str
    book: str
    year: int
    number: int
    kind: str
    issuer: str | None
    symbol: str | None
    subject: str | None
    restricted: bool
    voided: bool
    arrived_on: date
    due_on: date | None
    done_on: date | None
    unit: str | None
    person: str | None
    notices_sent: int
    notices_opened: int


class FactsAnswer(BaseModel):
    """`next` goes on behind the last row: send it as `after`. None on the last page."""

    facts: list[FactAnswer]
    next: str | None


def handling_answer(
    by: str,
    asked: Window,
    judged: Window,
    freshness: Freshness,
    sums: Mapping[str, Mapping[str, tuple[int, int]]],
    names: Mapping[str, str],
) -> HandlingAnswer:
    """One row per unit or person that has work in the window; what nobody has stands last. `sums` are the judged's."""
    rows = {of: row for of, fields in sums.items() if (row := handling_row(fields)).total}
    ordered = sorted(rows, key=lambda of: (of == UNASSIGNED, names.get(of, of), of))
    return HandlingAnswer(
        first_day=asked.first_day,
        last_day=asked.last_day,
        judged_on=judged.last_day,
        freshness=freshness,
        by=by,
        rows=[_handling(of, names.get(of, of), rows[of], _of(judged, by, of)) for of in ordered],
        total=_handling("total", "Tổng số", total_of(rows.values()), FactQuery(judged)),
    )


def _handling(code: str, name: str, row: HandlingRow, query: FactQuery) -> HandlingAnswerRow:
    return HandlingAnswerRow(
        code=code,
        name="Chưa giao" if code == UNASSIGNED else name,
        cells={column: Cell(count=row.cell(column), facts=_link(query, column)) for column in COLUMNS},
        on_time_rate=row.on_time_rate,
        missing_deadline_rate=row.missing_deadline_rate,
    )


def _of(window: Window, by: str, of: str) -> FactQuery:
    return FactQuery(window, unit=of) if by == UNIT else FactQuery(window, person=of)


def _link(query: FactQuery, column: str) -> str:
    return link_to(FactQuery(query.window, unit=query.unit, person=query.person, state=FactState(column)))


def fact_answer(fact: Fact) -> FactAnswer:
    intake: dict[str, Any] = fact["parts"]["intake"]
    notify: dict[str, Any] = fact["parts"].get("notify", {})
    return FactAnswer(
        document_id=fact["_id"],
        direction=fact["direction"],
        category=fact["category"].partition(":")[2],
        **{name: intake[name] for name in ("book", "year", "number", "kind", "restricted")},
        **{name: intake.get(name) for name in ("issuer", "symbol", "subject")},
        voided=not fact["counts"],
        arrived_on=fact["arrived_on"],
        due_on=fact["due_on"],
        done_on=None if fact["done_on"] == NEVER else fact["done_on"],
        unit=fact.get("unit"),
        person=fact.get("person"),
        notices_sent=notify.get("sent", 0),
        notices_opened=notify.get("opened", 0),
    )
