"""What a process profile says: CPU seconds by service, by library and by function of ours. Pure but for reading."""

import json
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bench.sampling import Place


@dataclass(frozen=True)
class Profile:
    places: dict[Place, float]

    @classmethod
    def read(cls, path: Path) -> "Profile":
        rows = json.loads(path.read_text(encoding="utf-8"))["places"]
        return cls({Place(*row[:4]): row[4] for row in rows})

    @property
    def seconds(self) -> float:
        return sum(self.places.values())

    def by(self, name: str, most: int = 25) -> dict[str, float]:
        """Shares of all CPU time, largest first: by `service`, `owner`, `package` or `leaf`."""
        sums: defaultdict[str, float] = defaultdict(float)
        for place, seconds in self.places.items():
            sums[getattr(place, name) or "event loop"] += seconds
        return self._shares(sums, most)

    def functions(self, most: int = 30) -> dict[str, float]:
        """Our own functions without their line, with all that libraries do for them."""
        sums: defaultdict[str, float] = defaultdict(float)
        for place, seconds in self.places.items():
            file, _, function = place.owner.partition(" ")
            sums[f"{file.partition(':')[0]} {function}"] += seconds
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
            "by_line": self.by("owner", 40),
            "by_leaf": self.by("leaf", 40),
        }

    def text(self, most: int = 12) -> str:
        """For a person: the largest shares."""
        parts = []
        for title, shares in (
            ("service", self.by("service")),
            ("library", self.by("package")),
            ("function", self.functions()),
        ):
            shown = "\n".join(f"    {share:6.1%}  {name}" for name, share in list(shares.items())[:most])
            parts.append(f"  CPU by {title}:\n{shown}")
        return "\n".join(parts)
