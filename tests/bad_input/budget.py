"""How many bad inputs a run makes, which part makes how many, and an account of those that were really executed."""

import hashlib
import math
import os
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from hypothesis import HealthCheck, Phase, settings

DEFAULT_INPUTS = 5_000
INPUTS = int(os.environ.get("VANTHU_BAD_INPUTS", DEFAULT_INPUTS))
MORE = 1.25  # are planned than were promised: what comes twice is executed, but does not count
PERCENT = {"http": 4, "events": 49, "metadata": 44, "office file": 3}  # the dear ones as many as minutes allow
LEAST = {"http": 800}  # there are 36 operations
LEAST_ACCEPTED = 1 / 3
RECORDED = "bad inputs"


def examples(count: int, *, shrink: bool) -> settings:
    """Hypothesis for `count` inputs: the same ones at each default run, new ones whenever a number is asked for."""
    phases = [each for each in Phase if shrink or each not in {Phase.shrink, Phase.explain}]
    return settings(
        phases=phases,
        max_examples=count,
        deadline=None,
        derandomize="VANTHU_BAD_INPUTS" not in os.environ,
        print_blob=True,
        suppress_health_check=list(HealthCheck),
    )


@dataclass
class Tally:
    made: int = 0
    accepted: int = 0

    @property
    def share(self) -> float:
        return self.accepted / self.made if self.made else 0.0


@dataclass
class Account:
    """Of one part. Whoever executes an input counts it when its answer is known; the same input again is none.

    `tallies` are of what an input was sent to, where a part has several: a service and its operation.
    """

    part: str
    total: Tally = field(default_factory=Tally)
    tallies: dict[tuple[str, str], Tally] = field(default_factory=lambda: defaultdict(Tally))
    _seen: set[bytes] = field(default_factory=set)

    @property
    def promised(self) -> int:
        """Rounded up: the parts together are never fewer than the whole."""
        return max(math.ceil(INPUTS * PERCENT[self.part] / 100), LEAST.get(self.part, 0))

    def plan(self, of: float, *, each: float = 1, shrink: bool = True) -> settings:
        """Hypothesis for this portion of the part, where each example makes so many inputs.

        What changes with each input cannot be shrunk.
        """
        return examples(math.ceil(self.promised * of * MORE / each), shrink=shrink)

    def count(self, input: bytes, *, accepted: bool, to: tuple[str, str] | None = None) -> None:
        digest = hashlib.blake2b(input, digest_size=16).digest()
        for tally in [self.total] if to is None else [self.total, self.tallies[to]]:
            tally.made += digest not in self._seen
            tally.accepted += accepted and digest not in self._seen
        self._seen.add(digest)

    def as_dict(self) -> dict[str, Any]:
        return {"part": self.part, "made": self.total.made, "accepted": self.total.accepted, "promised": self.promised}

    def of_services(self) -> dict[str, Tally]:
        sums: dict[str, Tally] = defaultdict(Tally)
        for (service, _), tally in self.tallies.items():
            sums[service].made += tally.made
            sums[service].accepted += tally.accepted
        return sums

    def table(self) -> str:
        """Accepted of made, by service and by operation."""
        rows = [(service, tally) for service, tally in self.of_services().items()]
        rows += [(" ".join(place), tally) for place, tally in sorted(self.tallies.items())]
        return "\n".join(f"{each.accepted:7,} of {each.made:7,} {each.share:5.0%}  {name}" for name, each in rows)

    def settle(self, record_property: Callable[[str, object], None]) -> None:
        """The last test of a part: what was promised was executed, and a third of it was good, in each service."""
        made, accepted = self.total.made, self.total.accepted
        record_property(RECORDED, f"{self.part}: {made} inputs, {accepted} accepted")
        print(f"{self.part}: {made} different inputs, {accepted} accepted\n{self.table()}")  # noqa: T201
        assert made >= self.promised, f"{self.part}: only {made} of {self.promised} different inputs were executed"
        assert self.total.share >= LEAST_ACCEPTED, f"{self.part}: only {accepted} of {made} accepted"
        poor = [name for name, tally in self.of_services().items() if tally.share < LEAST_ACCEPTED]
        assert not poor, f"less than a third accepted of {', '.join(poor)}:\n{self.table()}"
        vain = [" ".join(place) for place, tally in self.tallies.items() if tally.accepted == 0]
        assert not vain, f"nothing was ever accepted of {', '.join(vain)}"
