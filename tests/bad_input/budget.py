"""How many bad inputs a run makes, which part makes how many, and an account of those that were really executed."""

import math
import os
from collections.abc import Callable
from dataclasses import dataclass

from hypothesis import HealthCheck, Phase, settings

DEFAULT_INPUTS = 5_000
INPUTS = int(os.environ.get("VANTHU_BAD_INPUTS", DEFAULT_INPUTS))
PERCENT = {"http": 16, "events": 44, "metadata": 32, "office file": 8}
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
class Account:
    """Of one part. Whoever executes an input counts it when its answer is known."""

    part: str
    made: int = 0
    accepted: int = 0

    @property
    def promised(self) -> int:
        """Rounded up: the parts together are never fewer than the whole."""
        return math.ceil(INPUTS * PERCENT[self.part] / 100)

    def plan(self, of: float, *, shrink: bool = True) -> settings:
        """Hypothesis for this portion of the part. What changes with each input cannot be shrunk."""
        return examples(math.ceil(self.promised * of), shrink=shrink)

    def count(self, *, accepted: bool) -> None:
        self.made += 1
        self.accepted += accepted

    def settle(self, record_property: Callable[[str, object], None]) -> None:
        """The last test of a part: what was promised was executed, and a third of it was good."""
        record_property(RECORDED, f"{self.part}: {self.made} inputs, {self.accepted} accepted")
        assert self.made >= self.promised, f"{self.part}: only {self.made} of {self.promised} inputs were executed"
        assert self.accepted >= self.made * LEAST_ACCEPTED, f"{self.part}: only {self.accepted} of {self.made} accepted"
