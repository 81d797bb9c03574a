"""An office's file without the rows that cannot be read, so that the faults of the others are told at once, too. Pure."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from services.routing.faults import Fault
from services.routing.office.file import OfficeFile

Location = tuple[int | str, ...]


@dataclass(frozen=True)
class Rest:
    """`unread` are the ids of rows that were left out: who names one of them is not at fault."""

    file: OfficeFile
    unread: frozenset[str]
    rows: dict[str, list[int]]

    def in_whole(self, fault: Fault) -> Fault:
        """The fault with its place in the whole file."""
        _, part, *steps = fault.pointer.split("/") if fault.pointer else ("", "")
        if part in self.rows and steps:
            steps[0] = str(self.rows[part][int(steps[0])])
        return Fault("/".join(("", part, *steps)), fault.detail)


def rest_of(content: Any, faulty: Sequence[Location]) -> Rest | None:
    """None where more than rows is at fault: nothing can be said of the rest then."""
    left_out: dict[str, set[int]] = {}
    for part, index in (location[:2] if _is_row(content, location) else ("", "") for location in faulty):
        if not isinstance(part, str) or not isinstance(index, int):
            return None
        left_out.setdefault(part, set()).add(index)
    rows = {part: _others(len(content[part]), indexes) for part, indexes in left_out.items()}
    kept = {part: [content[part][index] for index in indexes] for part, indexes in rows.items()}
    unread = frozenset(_id(content[part][index]) for part, indexes in left_out.items() for index in indexes)
    return Rest(OfficeFile.model_validate({**content, **kept}), unread, rows)


def _is_row(content: Any, location: Location) -> bool:
    return len(location) > 1 and isinstance(content, dict) and isinstance(content.get(location[0]), list)


def _others(count: int, left_out: Collection[int]) -> list[int]:
    return [index for index in range(count) if index not in left_out]


def _id(row: Any) -> str:
    return str(row.get("id")) if isinstance(row, dict) else ""
