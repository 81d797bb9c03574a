"""A published table, as a file: judged as a whole before anything of it is used. Pure."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from services.events import Direction
from services.reporting.categories import names
from services.reporting.window import EARLIEST, LATEST


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Label(_Strict):
    vi: str = Field(min_length=1)
    en: str = Field(min_length=1)


class PublishedRow(_Strict):
    code: str = Field(min_length=1)
    label: Label
    count: int = Field(ge=0, strict=True)


class PublishedHalf(_Strict):
    """`stated_total` is what the publication says; it need not be the sum of its rows."""

    rows: tuple[PublishedRow, ...]
    stated_total: int = Field(ge=0, strict=True)

    @property
    def sum_of_parts(self) -> int:
        return sum(row.count for row in self.rows)

    @property
    def unexplained(self) -> int:
        """What the stated total has more than its parts; negative when it has less."""
        return self.stated_total - self.sum_of_parts


class PublishedTable(_Strict):
    """Both days are included."""

    office: str = Field(min_length=1)
    source: str = ""
    first_day: date = Field(alias="from")
    last_day: date = Field(alias="to")
    incoming: PublishedHalf
    outgoing: PublishedHalf

    def half(self, direction: Direction) -> PublishedHalf:
        return self.incoming if direction is Direction.INCOMING else self.outgoing


@dataclass(frozen=True, slots=True)
class Fault:
    """`pointer` is a JSON pointer into the file."""

    pointer: str
    detail: str


@dataclass(frozen=True, slots=True)
class Judgement:
    """Either a table or the faults that keep it from being one."""

    table: PublishedTable | None
    faults: tuple[Fault, ...] = ()


def judge(document: object) -> Judgement:
    """All or nothing: every fault is named, and a table with one is no table."""
    try:
        table = PublishedTable.model_validate(document)
    except ValidationError as error:
        return Judgement(None, tuple(_faults_of(error)))
    faults = tuple(_faults_in(table))
    return Judgement(None if faults else table, faults)


def _faults_of(error: ValidationError) -> Iterator[Fault]:
    for each in error.errors(include_url=False, include_context=False, include_input=False):
        yield Fault("".join(f"/{part}" for part in each["loc"]), each["msg"])


def _faults_in(table: PublishedTable) -> Iterator[Fault]:
    if table.first_day > table.last_day:
        yield Fault("/from", f"{table.first_day} is after {table.last_day}")
    for pointer, day in (("/from", table.first_day), ("/to", table.last_day)):
        if not EARLIEST <= day <= LATEST:
            yield Fault(pointer, f"{day} is not between {EARLIEST} and {LATEST}")
    for direction in Direction:
        yield from _faulty_codes(direction, table.half(direction))


def _faulty_codes(direction: Direction, half: PublishedHalf) -> Iterator[Fault]:
    known, often = set(names(direction)), Counter(row.code for row in half.rows)
    for index, row in enumerate(half.rows):
        pointer = f"/{direction.value}/rows/{index}/code"
        if row.code not in known:
            yield Fault(pointer, f"unknown code {row.code!r}; known are {', '.join(sorted(known))}")
        if often[row.code] > 1:
            yield Fault(pointer, f"code {row.code!r} stands {often[row.code]} times")


def as_file(table: PublishedTable) -> dict[str, Any]:
    return table.model_dump(mode="json", by_alias=True)
