"""What a sender may say of a document, and whether it makes sense. Faults name the field, never the value."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from services.events import Direction, IssuerLevel, Kind, Urgency
from services.intake.secrecy import declares_nothing
from services.intake.symbols import QPPL_KINDS

EARLIEST = date(1900, 1, 1)
LONGEST_DEADLINE = timedelta(days=3653)
MAX_METADATA_BYTES = 64 * 1024
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_FORBIDDEN_CATEGORIES = frozenset({"Cc", "Cs", "Co", "Cn"})
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


@dataclass(frozen=True, slots=True)
class Fault:
    """`pointer` is a JSON pointer into the metadata."""

    pointer: str
    detail: str


class InvalidMetadata(ValueError):
    def __init__(self, *faults: Fault) -> None:
        super().__init__("; ".join(f"{each.pointer}: {each.detail}" for each in faults))
        self.faults = faults


def clean(text: str) -> str:
    """Composed (NFC) and stripped; raises ValueError for what no register can print or no database can store."""
    text = unicodedata.normalize("NFC", text).strip()
    if not text.isprintable() and any(
        each in _TURNING or unicodedata.category(each) in _FORBIDDEN_CATEGORIES for each in text
    ):
        raise ValueError("holds a control character, a surrogate or an unassigned character")
    return text


def _clean_or_none(text: str | None) -> str | None:
    return clean(text) or None if text is not None else None


def _filled(text: str) -> str:
    text = clean(text)
    if not text:
        raise ValueError("may not be empty")
    return text


def _written_day(value: object) -> object:
    if isinstance(value, str) and not _DAY.fullmatch(value):
        raise ValueError("should be a day as YYYY-MM-DD")
    if not isinstance(value, str | date | None):
        raise ValueError("should be a day as YYYY-MM-DD")
    return value


def _no_secrecy(value: object) -> None:
    if not declares_nothing(value):
        raise ValueError("is no known level of secrecy; leave it out for an ordinary document")


Day = Annotated[date, BeforeValidator(_written_day), Field(ge=EARLIEST)]
Line = Annotated[str | None, Field(max_length=300), AfterValidator(_clean_or_none)]
Short = Annotated[str | None, Field(max_length=100), AfterValidator(_clean_or_none)]
Subject = Annotated[str | None, Field(max_length=2000), AfterValidator(_clean_or_none)]
Person = Annotated[str, Field(max_length=100), AfterValidator(_filled)]
People = Annotated[tuple[Person, ...], Field(max_length=50)]
Flag = Annotated[bool, Field(strict=True)]
NoSecrecy = Annotated[None, BeforeValidator(_no_secrecy)]


class Metadata(BaseModel):
    """What a body says; unknown fields are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", coerce_numbers_to_str=True)


class IncomingMetadata(Metadata):
    """Of a document that arrives. `number` and `symbol` are those on the paper; `arrived_on` defaults to today."""

    issuer: Line = None
    issuer_level: IssuerLevel = IssuerLevel.OTHER
    kind: Kind = Kind.OTHER
    number: Short = None
    symbol: Short = None
    document_date: Day | None = None
    arrived_on: Day | None = None
    due_on: Day | None = None
    subject: Subject = None
    urgency: Urgency = Urgency.NORMAL
    secrecy: NoSecrecy = None
    restricted: Flag = False
    answers: Line = None
    conflicted_person_ids: People = ()

    def faults(self, today: date) -> Iterator[Fault]:
        return _date_faults(self.document_date, self.arrived_on or today, self.due_on, today)


class IssuedMetadata(Metadata):
    """Of an outgoing document, whose number and symbol intake makes; `document_date` defaults to today."""

    kind: Kind
    qppl_kind: Kind | None = None
    subject: Subject = None
    drafting_unit: Annotated[str | None, Field(pattern=r"^[^\W\d_][\w.]{0,19}$")] = None
    document_date: Day | None = None
    answers: Line = None
    urgency: Urgency = Urgency.NORMAL
    secrecy: NoSecrecy = None
    restricted: Flag = False
    signer: Line = None
    recipients: Annotated[
        tuple[Annotated[str, Field(max_length=300), AfterValidator(_filled)], ...], Field(max_length=200)
    ] = ()
    conflicted_person_ids: People = ()

    def faults(self, today: date) -> Iterator[Fault]:
        if self.document_date and self.document_date > today:
            yield Fault("/document_date", "is in the future")
        if (self.kind is Kind.QPPL) != (self.qppl_kind is not None):
            yield Fault("/qppl_kind", "goes with kind qppl, and only with it")
        elif self.qppl_kind is not None and self.qppl_kind not in QPPL_KINDS:
            yield Fault("/qppl_kind", f"should be one of {', '.join(sorted(QPPL_KINDS))}")
        if self.kind is Kind.CONG_VAN and self.drafting_unit is None:
            yield Fault("/drafting_unit", "is needed: the symbol of a công văn ends with it")


class Correction(Metadata):
    """New values of some fields of a document; a null takes an optional one away."""

    expected_version: int = Field(ge=1, strict=True)
    issuer: Line = None
    issuer_level: IssuerLevel = IssuerLevel.OTHER
    kind: Kind = Kind.OTHER
    number: Short = None
    symbol: Short = None
    document_date: Day | None = None
    arrived_on: Day = date.min
    due_on: Day | None = None
    subject: Subject = None
    urgency: Urgency = Urgency.NORMAL
    secrecy: NoSecrecy = None
    restricted: Flag = False
    answers: Line = None
    conflicted_person_ids: People = ()

    def described(self) -> dict[str, Any]:
        """The given fields only, as intake keeps them."""
        given = self.model_fields_set - {"expected_version", "secrecy"}
        return kept(self.model_dump(mode="json", include=given), empty=True)


class Voiding(Metadata):
    reason: Annotated[str, Field(max_length=500), AfterValidator(_filled)]
    expected_version: int = Field(ge=1, strict=True)


class PeriodCount(Metadata):
    """Both days are included. A count that corrects another one names the version that it corrects."""

    direction: Direction
    category: Annotated[str, Field(pattern=r"^[a-z][a-z_]{0,39}$")] = "secret"
    first_day: Day
    last_day: Day
    count: int = Field(ge=0, le=10_000_000, strict=True)
    expected_version: int | None = Field(default=None, ge=1, strict=True)

    def faults(self, today: date) -> Iterator[Fault]:
        if self.last_day < self.first_day:
            yield Fault("/last_day", "is before the first day")
        if self.last_day > today:
            yield Fault("/last_day", "is in the future")


M = TypeVar("M", bound=Metadata)


def read(model: type[M], said: object) -> M:
    """Out of decoded JSON. Raises InvalidMetadata with every fault of form."""
    try:
        return model.model_validate(said)
    except ValidationError as error:
        raise InvalidMetadata(*map(_fault_of, error.errors(include_url=False, include_input=False))) from None


def judge(faults: Iterator[Fault]) -> None:
    """Raises InvalidMetadata with every fault of sense."""
    found = tuple(faults)
    if found:
        raise InvalidMetadata(*found)


def judge_dates(document_date: str | None, arrived_on: str, due_on: str | None, today: date) -> None:
    """The same for days as they are kept, after a correction."""
    days = [date.fromisoformat(each) if each else None for each in (document_date, due_on)]
    judge(_date_faults(days[0], date.fromisoformat(arrived_on), days[1], today))


def kept(dumped: dict[str, Any], *, empty: bool = False) -> dict[str, Any]:
    """Field names as in the register: `number` is the register's own, the paper's is `document_number`."""
    renamed = {{"number": "document_number"}.get(name, name): value for name, value in dumped.items()}
    return renamed if empty else {name: value for name, value in renamed.items() if not is_empty(value)}


def is_empty(value: object) -> bool:
    """What a row leaves out."""
    return value is None or value is False or value == []


def _date_faults(document_date: date | None, arrived_on: date, due_on: date | None, today: date) -> Iterator[Fault]:
    if arrived_on > today:
        yield Fault("/arrived_on", "is in the future")
    if document_date and document_date > arrived_on:
        yield Fault("/document_date", "is after the day of arrival")
    if due_on and due_on < arrived_on:
        yield Fault("/due_on", "is before the day of arrival")
    if due_on and due_on - arrived_on > LONGEST_DEADLINE:
        yield Fault("/due_on", "is more than ten years after the day of arrival")


def _fault_of(error: Any) -> Fault:
    pointer = "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in error["loc"])
    return Fault(pointer, str(error["msg"]).removeprefix("Value error, "))
