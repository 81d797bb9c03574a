"""What processes hold and spend while documents come in. Pure."""

from dataclasses import dataclass, field
from typing import Any

from tests.bench.figures import slope

MEGABYTE = 1024 * 1024


@dataclass(frozen=True)
class Look:
    """At a moment (seconds since 1970): documents posted so far, bytes held, CPU seconds spent so far."""

    at: float
    posted: int
    rss: int
    cpu: float


@dataclass
class Footprint:
    looks: dict[str, list[Look]] = field(default_factory=dict)

    def see(self, name: str, at: float, posted: int, rss: int, cpu: float) -> None:
        self.looks.setdefault(name, []).append(Look(at, posted, rss, cpu))

    def names(self) -> list[str]:
        return sorted(self.looks)

    def cpu_seconds(self, name: str, began_at: float, ended_at: float) -> float:
        """Between the looks that are nearest to both moments."""
        looks = self.looks[name]
        first = min(looks, key=lambda each: abs(each.at - began_at))
        last = min(looks, key=lambda each: abs(each.at - ended_at))
        return last.cpu - first.cpu

    def peak(self, name: str) -> int:
        return max(each.rss for each in self.looks[name])

    def megabytes_at(self, name: str) -> dict[str, float]:
        """When a part of the documents was posted, and in the end."""
        looks = self.looks[name]
        whole = looks[-1].posted
        marks = {"1/4 posted": whole / 4, "1/2 posted": whole / 2, "all posted": whole}
        held = {
            title: next(each.rss for each in looks if each.posted >= count) / MEGABYTE for title, count in marks.items()
        }
        return held | {"in the end": looks[-1].rss / MEGABYTE}

    def growth(self, name: str) -> float:
        """Bytes per document over the second half of the posting."""
        looks = self.looks[name]
        whole = looks[-1].posted
        return slope([(each.posted, each.rss) for each in looks if whole / 2 <= each.posted < whole])

    def as_dict(self) -> dict[str, Any]:
        return {
            name: [[round(each.at, 1), each.posted, each.rss, round(each.cpu, 2)] for each in looks]
            for name, looks in self.looks.items()
        }
