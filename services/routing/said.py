"""A text in both languages, and how days and lists are written in them. Pure."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import NamedTuple

MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip


class Said(NamedTuple):
    vi: str
    en: str

    @classmethod
    def same(cls, text: str) -> "Said":
        return cls(text, text)

    def filled(self, **values: "Said") -> "Said":
        """With each `{name}` in its language."""
        vi, en = ({name: each[language] for name, each in values.items()} for language in (0, 1))
        return Said(self.vi.format(**vi), self.en.format(**en))


def day_said(day: date) -> Said:
    return Said(f"{day:%d/%m}/{day.year:04d}", f"{day.day} {MONTHS[day.month - 1]} {day.year}")


def moment_said(moment: datetime) -> Said:
    day = day_said(moment.date())
    return Said(f"{moment:%H giờ %M} ngày {day.vi}", f"{moment:%H:%M} on {day.en}")


def joined(parts: Iterable[Said]) -> Said:
    parts = tuple(parts)
    return Said(", ".join(each.vi for each in parts), ", ".join(each.en for each in parts))


class Names(NamedTuple):
    """What people, units and matters are called; their ids where nothing is known of them."""

    people: Mapping[str, str]
    units: Mapping[str, str]
    matters: Mapping[str, str]

    def person(self, id: str) -> str:
        return self.people.get(id, id)

    def unit(self, id: str) -> str:
        return self.units.get(id, id)

    def matter(self, id: str) -> str:
        return self.matters.get(id, id)
