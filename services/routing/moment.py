"""When something is decided: the server's clock, and the office's day and time. Pure."""

from dataclasses import dataclass
from datetime import date, datetime, tzinfo

from services.events import Half
from services.worktime import NOON


@dataclass(frozen=True, slots=True)
class Moment:
    """`now` has a time zone; `zone` is the office's."""

    now: datetime
    zone: tzinfo

    @property
    def today(self) -> date:
        return self.local.date()

    @property
    def local(self) -> datetime:
        """By the office's clock, without a zone, as working time is counted."""
        return self.now.astimezone(self.zone).replace(tzinfo=None)

    @property
    def half(self) -> Half:
        return Half.MORNING if self.local.time() < NOON else Half.AFTERNOON

    def at(self, local: datetime) -> datetime:
        """The moment that the office's clock shows so."""
        return local.replace(tzinfo=self.zone)
