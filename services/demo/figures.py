"""The run in numbers: how fast, and how long one document waited. Pure."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from services.demo.ledger import Entry


@dataclass(frozen=True)
class Spread:
    """Seconds; `count` is how many were measured."""

    count: int
    p50: float
    p95: float
    p99: float


def spread_of(seconds: Iterable[float]) -> Spread | None:
    """Nearest-rank percentiles; None of nothing."""
    ordered = sorted(seconds)
    if not ordered:
        return None
    return Spread(len(ordered), *(_rank(ordered, share) for share in (0.50, 0.95, 0.99)))


def _rank(ordered: Sequence[float], share: float) -> float:
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


@dataclass(frozen=True)
class Figures:
    """`documents_per_second` is of the posting of this run; None where it posted nothing."""

    posted: int
    posting_seconds: float
    until_settled_seconds: float
    to_number: Spread | None
    to_notice: Spread | None

    @property
    def documents_per_second(self) -> float | None:
        return self.posted / self.posting_seconds if self.posting_seconds else None


def figures_of(entries: Sequence[Entry], noticed_at: Mapping[str, float], began: float, settled: float) -> Figures:
    """`noticed_at` is when each document's lead had the notice, by document id; `began` when this run began.

    Answers of earlier runs and repeated answers say nothing about this one and are left out.
    """
    here = [entry for entry in entries if entry.posted_at >= began and not entry.repeated]
    first, last = min((e.posted_at for e in here), default=began), max((e.answered_at for e in here), default=began)
    return Figures(
        posted=len(here),
        posting_seconds=last - first,
        until_settled_seconds=max(settled - first, 0.0),
        to_number=spread_of(entry.answered_at - entry.posted_at for entry in here),
        to_notice=spread_of(noticed_at[entry.id] - entry.posted_at for entry in here if entry.id in noticed_at),
    )
