"""The hand that writes the year's papers: seeded chance, a day, a field of work and a place."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from services.demo import wording
from services.demo.wording import Topic
from services.events import Kind, Urgency

Metadata = dict[str, Any]
Kinds = Sequence[tuple[Kind, int]]
URGENCIES = (Urgency.NORMAL, Urgency.URGENT, Urgency.VERY_URGENT, Urgency.EXPRESS)
URGENCY_WEIGHTS = (88, 8, 3, 1)
ABBREVIATIONS = {
    Kind.BAO_CAO: "BC", Kind.TO_TRINH: "TTr", Kind.KE_HOACH: "KH", Kind.THONG_BAO: "TB", Kind.QUYET_DINH: "QĐ",
    Kind.HUONG_DAN: "HD", Kind.NGHI_QUYET: "NQ", Kind.CHI_THI: "CT", Kind.GIAY_MOI: "GM", Kind.CONG_DIEN: "CĐ",
    Kind.DE_AN: "ĐA",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Writing:
    chance: random.Random
    day: date
    topic: Topic
    place: str

    def one_of(self, kinds: Kinds) -> Kind:
        return self.chance.choices([kind for kind, _ in kinds], weights=[weight for _, weight in kinds])[0]

    def words(self, templates: Sequence[str]) -> str:
        matter = self.chance.choice(self.topic.matters)
        return self.chance.choice(templates).format(matter=matter, place=self.place, month=self.day.month)

    def subject(self, kind: Kind, letters: Sequence[str]) -> str:
        """A công văn says what it wants, every other kind begins with its name."""
        return self.words(wording.BY_KIND.get(kind, letters))

    def urgency(self) -> str:
        return self.chance.choices(URGENCIES, weights=URGENCY_WEIGHTS)[0].value

    def written(self) -> str:
        """A letter is a few days old when it arrives."""
        return (self.day - timedelta(days=self.chance.choice((0, 1, 1, 2, 3, 5, 8)))).isoformat()

    def numbered(self, kind: Kind, body: str, part: str) -> Metadata:
        number = str(self.chance.randint(10, 4800))
        abbreviation = ABBREVIATIONS.get(kind)
        symbol = f"{abbreviation}-{body}" if abbreviation else f"{body}-{part}"
        return {"number": number, "symbol": symbol, "document_date": self.written()}


Writer = Callable[[Writing], Metadata]
