"""One thing of an office that a load or a new day changes, in words. Pure."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

UNIT, PERSON, CALENDAR, CATALOGUE, RULES, OFFICE = "unit", "person", "calendar", "catalogue", "rules", "office"
FILE = "file"
State = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Change:
    """`before` is None for what is new."""

    kind: str
    id: str
    before: State | None
    after: State

    def __str__(self) -> str:
        if self.kind == FILE:
            return f"~ {FILE}: {', '.join(_parts(self.before or {}, self.after))}"
        if self.before is None:
            return f"+ {self.kind} {self.id}: {self.after.get('name') or 'new'}"
        before = self.before
        fields = [name for name in self.after if self.after[name] != before.get(name)]
        if self.kind == RULES:
            return f"~ {RULES}: another table"
        return f"~ {self.kind} {self.id}: " + "; ".join(
            f"{name}: {_short(before.get(name))} → {_short(self.after[name])}" for name in fields
        )


def _parts(before: State, after: State) -> Iterator[str]:
    """Which parts of a file differ, and by how many rows."""
    if not before:
        yield "kept from now on with its history"
        return
    for name in sorted({*before, *after}):
        old, new = before.get(name), after.get(name)
        if old == new:
            continue
        if not isinstance(old or new, list):
            yield name
            continue
        gone = sum(each not in (new or []) for each in old or [])
        come = sum(each not in (old or []) for each in new or [])
        yield f"{name} (+{come} −{gone} rows)" if come or gone else f"{name} (another order)"


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:57]}…"
