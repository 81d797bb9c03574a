"""How many documents of each published category the year has, and how a smaller sample is drawn from it."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Any

from services.events import Direction

PUBLISHED_FILE = Path(__file__).parent / "published-2016.json"
SECRET, OTHER = "secret", "other"


class Category(StrEnum):
    """The published parts, secret ones left out, and on each side what the stated total has beyond them."""

    LOCALITY = "incoming/locality"
    MINISTRY = "incoming/ministry"
    GOVERNMENT = "incoming/government"
    INVITATION_IN = "incoming/invitation"
    PETITION = "incoming/petition"
    ONE_STOP = "incoming/one_stop"
    OTHER_IN = "incoming/other"
    LETTER = "outgoing/cong_van"
    DECISION = "outgoing/quyet_dinh"
    QPPL = "outgoing/qppl"
    INVITATION_OUT = "outgoing/invitation"
    TELEGRAM = "outgoing/cong_dien"
    NOTICE = "outgoing/notice_report"
    DIRECTIVE = "outgoing/chi_thi"
    SITE_PLAN = "outgoing/site_plan"
    OWN = "outgoing/own_office"
    OTHER_OUT = "outgoing/other"

    @property
    def incoming(self) -> bool:
        return self.value.startswith("incoming/")


Plan = Mapping[Category, int]


@dataclass(frozen=True)
class Published:
    """`counts` add up to the stated totals together with `secret`, which no document of the year is."""

    first_day: date
    last_day: date
    counts: Plan
    secret: Mapping[Direction, int]


def published(file: Path = PUBLISHED_FILE) -> Published:
    table = json.loads(file.read_text(encoding="utf-8"))
    sides = {direction: _side(table[direction]) for direction in Direction}
    counts = {
        Category(f"{direction}/{code}"): count
        for direction, side in sides.items()
        for code, count in side.items()
        if code != SECRET
    }
    secret = {direction: side.get(SECRET, 0) for direction, side in sides.items()}
    return Published(date.fromisoformat(table["from"]), date.fromisoformat(table["to"]), counts, secret)


def _side(table: dict[str, Any]) -> dict[str, int]:
    """The published parts, and as `other` what the stated total has beyond their sum."""
    parts: dict[str, int] = {row["code"]: row["count"] for row in table["rows"]}
    return parts | {OTHER: table["stated_total"] - sum(parts.values())}


def documents_of(plan: Plan) -> int:
    return sum(plan.values())


def sizes_of(plan: Plan) -> range:
    """From one document of each category to the whole year."""
    return range(sum(count > 0 for count in plan.values()), documents_of(plan) + 1)


def sampled(plan: Plan, documents: int) -> Plan:
    """The same proportions with this many documents in all, but at least one of each category."""
    sizes = sizes_of(plan)
    whole, documents = sizes[-1], max(documents, sizes[0])
    if documents >= whole:
        return plan
    shares = {category: count * documents / whole for category, count in plan.items() if count}
    parts = {category: max(1, math.floor(share)) for category, share in shares.items()}
    missing = documents - documents_of(parts)
    for category in sorted(shares, key=lambda each: parts[each] - shares[each])[: max(missing, 0)]:
        parts[category] += 1
    while documents_of(parts) > documents:
        parts[max(parts, key=lambda each: parts[each])] -= 1
    return parts


def sampled_count(count: int, documents: int, whole: int) -> int:
    """A hand-entered count in the sample's proportion, never nothing."""
    return count if documents >= whole else max(1, round(count * documents / whole))
