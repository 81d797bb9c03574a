"""A report's window: two days, both included. Pure."""

from dataclasses import dataclass
from datetime import date, timedelta

EARLIEST = date(1945, 9, 2)
LATEST = date(2999, 12, 31)


class BadWindow(ValueError):
    """`name` is the day at fault, `from` or `to`."""

    def __init__(self, name: str, detail: str) -> None:
        super().__init__(detail)
        self.name = name


@dataclass(frozen=True, slots=True)
class Window:
    first_day: date
    last_day: date

    @property
    def first(self) -> str:
        return self.first_day.isoformat()

    @property
    def last(self) -> str:
        return self.last_day.isoformat()

    def judged_by(self, today: date) -> "Window":
        """The window that ends today at the latest: of a day to come nobody knows what will be late."""
        return Window(self.first_day, min(self.last_day, max(self.first_day, today)))

    @property
    def day_before(self) -> str:
        return (self.first_day - timedelta(days=1)).isoformat()


def window_of(first_day: date, last_day: date, longest_days: int) -> Window:
    """Raises BadWindow for days that make none."""
    for name, day in (("from", first_day), ("to", last_day)):
        if not EARLIEST <= day <= LATEST:
            raise BadWindow(name, f"`{name}` must lie between {EARLIEST} and {LATEST}.")
    if first_day > last_day:
        raise BadWindow("from", f"`from` ({first_day}) is after `to` ({last_day}).")
    if (last_day - first_day).days >= longest_days:
        raise BadWindow("to", f"The window is longer than {longest_days} days.")
    return Window(first_day, last_day)
