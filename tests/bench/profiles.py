"""What a process profile says: CPU seconds by service, by library and by function of ours. Pure but for reading."""

import json
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bench.sampling import BETWEEN, Place

OUTSIDE = "(event loop and drivers' threads)"


@dataclass(frozen=True)
class Profile:
    places: dict[Place, float]

    @classmethod
    def read(cls, path: Path) -> "Profile":
        rows = json.loads(path.read_text(encoding="utf-8"))["places"]
        return cls({Place(*row[:-1]): row[-1] for row in rows})

    @property
    def seconds(self) -> float:
        return sum(self.places.values())

    def by(self, name: str, most: int = 25) -> dict[str, float]:
        """Shares of all CPU time, largest first: by `service`, `line`, `package` or `leaf`."""
        sums: defaultdict[str, float] = defaultdict(float)
        for place, seconds in self.places.items():
            sums[getattr(place, name) or OUTSIDE] += seconds
        return self._shares(sums, most)

    def outside(self, most: int = 25) -> dict[str, float]:
        """What runs where no function of ours waits for it, by library: clients, servers and loops of their own."""
        sums: defaultdict[str, float] = defaultdict(float)
        for place, seconds in self.places.items():
            if not place.line:
                sums[f"{place.package} {place.leaf}"] += seconds
        return self._shares(sums, most)

    def functions(self, most: int = 30) -> dict[str, float]:
        """Our own functions with all that libraries do for them, but without what other functions of ours do."""
        sums: defaultdict[str, float] = defaultdict(float)
        for place, seconds in self.places.items():
            sums[place.chain.rpartition(BETWEEN)[2] or OUTSIDE] += seconds
        return self._shares(sums, most)

    def within(self, most: int = 40) -> dict[str, float]:
        """Our own functions with all that happens below them."""
        sums: defaultdict[str, float] = defaultdict(float)
        for place, seconds in self.places.items():
            for function in set(place.chain.split(BETWEEN)):
                sums[function or OUTSIDE] += seconds
        return self._shares(sums, most)

    def _shares(self, sums: dict[str, float], most: int) -> dict[str, float]:
        largest = sorted(sums.items(), key=lambda each: -each[1])[:most]
        return {name: round(seconds / self.seconds, 4) for name, seconds in largest}

    def as_dict(self) -> dict[str, Any]:
        return {
            "cpu_seconds": round(self.seconds, 2),
            "by_service": self.by("service"),
            "by_package": self.by("package"),
            "by_function": self.functions(),
            "within_function": self.within(),
            "outside": self.outside(),
            "by_line": self.by("line", 40),
            "by_leaf": self.by("leaf", 40),
        }

    def text(self, most: int = 14) -> str:
        """For a person: the largest shares."""
        tables = {
            "service": self.by("service"),
            "library": self.by("package"),
            "function of ours, with libraries": self.functions(),
            "function of ours, with all below it": self.within(),
            "function of nobody's of ours": self.outside(),
        }
        return "\n".join(
            "\n".join(
                [f"  CPU by {title}:", *(f"    {share:6.1%}  {name}" for name, share in list(shares.items())[:most])]
            )
            for title, shares in tables.items()
        )
