"""The office's file: everything that an office is, with its history, as one document. Pure.

Several rows with one id are one thing at different times. What a person can do, is away and leaves to others
stands with any of their rows and holds for the person. What the file does not name any more is not deleted: a
unit becomes inactive and a person disabled, because old documents still point to them.
"""

from typing import Annotated, Any

from pydantic import ConfigDict, Field, StringConstraints

from services.events import Absence, CalendarState, CatalogueEntry, Delegation, Direction, HalfDay, IssuerLevel, Kind
from services.events import Shift as Hours
from services.policy import Role
from services.routing.deadline import StartEvent
from services.routing.office.dated import Dated, Part
from services.worktime import Unit as Counted

Id = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300)]
Code = Annotated[str, StringConstraints(pattern=r"^[^\s,;]{1,64}$")]
"""As issuers and matters are called in symbols, which have letters like Đ."""
OldName = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[^;\n]{1,300}$")]
MOST_AMOUNT = 3660


class Named(Dated):
    id: Id
    name: Text


class Succeeded(Named):
    """`successor` is who goes on when it has ended; by `old_names` it was known before, and still is to others."""

    old_names: tuple[OldName, ...] = ()
    successor: Id | None = None


class Unit(Succeeded):
    symbol: Text | None = None
    head: Id | None = None
    parent: Id | None = None


class Competence(Dated):
    """1 can handle the matter, 2 is good at it, 3 is its expert."""

    matter: Code
    level: int = Field(ge=1, le=3)


class Deputy(Delegation):
    """Who acts for the person."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Person(Named):
    """`position` is one of the office's positions."""

    unit: Id
    position: Id | None = None
    roles: tuple[Role, ...] = ()
    absences: tuple[Absence, ...] = ()
    competences: tuple[Competence, ...] = ()
    delegations: tuple[Deputy, ...] = ()
    disabled: bool = False


class Portfolio(Dated):
    """The leader who answers for a unit's work."""

    unit: Id
    leader: Id


class Half(HalfDay):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Shift(Dated, Hours):
    """Hours of work; offices change theirs with the seasons."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Days(CalendarState):
    model_config = ConfigDict(frozen=True, extra="forbid")

    half_days: tuple[Half, ...] = ()
    shifts: tuple[Shift, ...] = ()


class Book(Succeeded):
    direction: Direction


class DocumentKind(Dated):
    id: Kind
    name: Text


class Issuer(Succeeded):
    id: Code
    successor: Code | None = None
    level: IssuerLevel


class Matter(Named):
    """`deadline` is the rule by which what is about this is due."""

    id: Code
    deadline: Id | None = None


class Deadline(Named):
    """Without `most_extensions` a limit that is extendable is so as often as needed."""

    legal_ref: Text
    start_event: StartEvent = StartEvent.ARRIVAL
    amount: int = Field(ge=0, le=MOST_AMOUNT)
    unit: Counted = Counted.WORKING_DAY
    extendable: bool = True
    most_extensions: int | None = Field(default=None, ge=0, le=99)
    suspendable: bool = True
    written_wins: bool = True


class OfficeFile(Part):
    """`default_working_days` count where the matched row and its matter name none."""

    office: Id
    name: Text
    positions: tuple[Named, ...] = ()
    units: tuple[Unit, ...]
    people: tuple[Person, ...]
    portfolios: tuple[Portfolio, ...] = ()
    calendar: Days = Days()
    books: tuple[Book, ...] = ()
    kinds: tuple[DocumentKind, ...] = ()
    issuers: tuple[Issuer, ...] = ()
    matters: tuple[Matter, ...] = ()
    deadlines: tuple[Deadline, ...] = ()
    catalogues: dict[Id, tuple[CatalogueEntry, ...]] = Field(default={})
    rules: dict[str, Any]
    default_working_days: int = Field(ge=1, le=366)
