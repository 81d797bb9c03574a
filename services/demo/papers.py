"""One paper of the year, made up from its slot: what the scanner declares and what stands on the page."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from services.demo import wording
from services.demo.incoming import INCOMING
from services.demo.outgoing import OUTGOING
from services.demo.pages import Face
from services.demo.writing import Metadata, Writing
from services.demo.year import SEED, Slot
from services.worktime import Calendar, rolled

WRITERS = INCOMING | OUTGOING
DUE_SHARE, CONFLICT_SHARE = 0.12, 0.004


@dataclass(frozen=True, slots=True)
class Paper:
    """`key` is its idempotency key, `device` whose key posts it. What the office issues comes without a scan."""

    key: str
    device: str
    incoming: bool
    metadata: Metadata
    face: Face | None


class Papers:
    """`people` are those whom a paper may concern, so that it must not be given to them."""

    def __init__(self, people: Sequence[str], seed: int = SEED) -> None:
        self._people = people
        self._seed = seed

    def paper(self, slot: Slot) -> Paper:
        """Always the same paper for the same slot."""
        chance = random.Random(self._seed * 10_000_000 + slot.index * 2 + slot.category.incoming)
        writing = Writing(chance, slot.day, chance.choice(wording.TOPICS), chance.choice(wording.DISTRICTS))
        metadata = WRITERS[slot.category](writing)
        if not slot.category.incoming:
            return Paper(slot.key, slot.device, False, metadata, None)
        metadata |= self._arrival(chance, slot.day)
        return Paper(slot.key, slot.device, True, metadata, _face(slot.key, metadata))

    def _arrival(self, chance: random.Random, day: date) -> Metadata:
        known: Metadata = {"arrived_on": day.isoformat()}
        if chance.random() < DUE_SHARE:
            known["due_on"] = rolled(day + timedelta(days=chance.randint(5, 30)), Calendar()).isoformat()
        if self._people and chance.random() < CONFLICT_SHARE:
            known["conflicted_person_ids"] = [chance.choice(self._people)]
        return known


def _face(key: str, metadata: Metadata) -> Face:
    day = date.fromisoformat(metadata["document_date"])
    month = f"{day.month:02d}" if day.month < 3 else str(day.month)
    return Face(
        issuer=metadata["issuer"].upper(),
        number=f"Số: {metadata.get('number', '.....')}/{metadata.get('symbol', '.....')}",
        dated=f"{wording.PLACE}, ngày {day.day:02d} tháng {month} năm {day.year}",
        subject=metadata["subject"].removeprefix("V/v "),
        mark=key,
    )
