"""What becomes of a delivery after an attempt: delivered, tried again later, given up, or switched off. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

SPREAD = 0.2  # of a pause, either way, so that retries after an outage don't come all at once
GONE = 410


@dataclass(frozen=True)
class Attempt:
    """One request as it went: `status` is None when no answer came, and `error` then says why."""

    at: datetime
    status: int | None
    milliseconds: int
    error: str | None = None


@dataclass(frozen=True)
class Delivered:
    pass


@dataclass(frozen=True)
class TryAgain:
    after_seconds: float


@dataclass(frozen=True)
class GiveUp:
    pass


@dataclass(frozen=True)
class SwitchOff:
    """The receiver says that it is gone for good (Standard Webhooks: 410)."""


Verdict = Delivered | TryAgain | GiveUp | SwitchOff


def judge(status: int | None, tries: int, backoff_seconds: Sequence[float], chance: float) -> Verdict:
    """Only a 2xx delivers; a redirect is a failure. `tries` counts this attempt; `chance` is in [0, 1]."""
    if status is not None and 200 <= status < 300:
        return Delivered()
    if status == GONE:
        return SwitchOff()
    if tries > len(backoff_seconds):
        return GiveUp()
    return TryAgain(backoff_seconds[tries - 1] * (1 + SPREAD * (2 * chance - 1)))
