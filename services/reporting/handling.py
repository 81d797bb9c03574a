"""The office's standard report, from sums up to the days before and at the end of a window: pure.

Everything is judged at the end of the window's last day. The due day itself is within time. Of the total,
each document stands in exactly one of five columns: done on time, done late, open within time, open overdue,
no deadline; the last holds open and done ones, so that leaving deadlines blank shows.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

Sums = Mapping[str, tuple[int, int]]
"""By field: the sum of all days before the window, and of all days until its end."""

COLUMNS = (
    "carried_over",
    "new",
    "total",
    "done_on_time",
    "done_late",
    "open_within_time",
    "open_overdue",
    "no_deadline",
)


@dataclass(frozen=True, slots=True)
class HandlingRow:
    carried_over: int = 0
    new: int = 0
    total: int = 0
    done_on_time: int = 0
    done_late: int = 0
    open_within_time: int = 0
    open_overdue: int = 0
    no_deadline: int = 0

    @property
    def on_time_rate(self) -> float | None:
        """Of what was done and had a deadline; None when nothing was."""
        judged = self.done_on_time + self.done_late
        return round(self.done_on_time / judged, 4) if judged else None

    @property
    def missing_deadline_rate(self) -> float | None:
        return round(self.no_deadline / self.total, 4) if self.total else None

    def cell(self, column: str) -> int:
        count: int = getattr(self, column)
        return count


def handling_row(sums: Sums) -> HandlingRow:
    def before(field: str) -> int:
        return sums.get(field, (0, 0))[0]

    def until(field: str) -> int:
        return sums.get(field, (0, 0))[1]

    def within(field: str) -> int:
        return until(field) - before(field)

    due_done_before = before("done_on_time") + before("done_late")
    due_done_until = until("done_on_time") + until("done_late")
    open_overdue = until("falls_overdue") - until("settled_overdue")
    carried_over = before("new") - before("done")
    return HandlingRow(
        carried_over=carried_over,
        new=within("new"),
        total=carried_over + within("new"),
        done_on_time=within("done_on_time"),
        done_late=within("done_late"),
        open_within_time=until("new_due") - due_done_until - open_overdue,
        open_overdue=open_overdue,
        no_deadline=(until("new") - until("new_due")) - (before("done") - due_done_before),
    )


def total_of(rows: Iterable[HandlingRow]) -> HandlingRow:
    listed = list(rows)
    return HandlingRow(**{column: sum(row.cell(column) for row in listed) for column in COLUMNS})
