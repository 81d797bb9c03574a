"""What the senders know: a line before each attempt and one for its answer, on the disk before anything goes on."""

import hashlib
import json
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

Outcome = Literal["ok", "refused", "unknown"]
Sender = tuple[str, str]  # device and its key for this document


@dataclass(frozen=True)
class Paper:
    """A document that a device means to post. `door` is the API's path, `documents` or `issued`."""

    device: str
    key: str
    door: str
    metadata: Mapping[str, Any]
    content: bytes

    @property
    def sender(self) -> Sender:
        return self.device, self.key

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


@dataclass(frozen=True)
class Heard:
    """One webhook as its receiver got it: `id` is its `webhook-id`, `cause` the event that it tells of."""

    subscriber: str
    id: str
    cause: str
    body: bytes


@dataclass
class History:
    """All attempts of one sender's key. `answers` are the bodies of 201."""

    device: str
    key: str
    door: str
    sha256: str
    metadata: dict[str, Any]
    outcomes: list[Outcome] = field(default_factory=list)
    answers: list[dict[str, Any]] = field(default_factory=list)
    lines: list[dict[str, Any]] = field(default_factory=list)

    @property
    def asked_at(self) -> float:
        """When it was asked for first, by the clock that nobody sets."""
        return min((float(line["monotonic"]) for line in self.lines if line["says"] == "asks"), default=float("inf"))

    @property
    def answered_at(self) -> float:
        """When its number was told first; infinite where it never was."""
        told = (line for line in self.lines if line["says"] == "hears" and outcome_of(line["status"]) == "ok")
        return min((float(line["monotonic"]) for line in told), default=float("inf"))

    @property
    def outcome(self) -> Outcome:
        """Once ok is ok for ever. A refusal that comes last says that no earlier attempt was kept: it would be told."""
        if "ok" in self.outcomes:
            return "ok"
        last = self.lines[-1]
        return "refused" if last["says"] == "hears" and outcome_of(last["status"]) == "refused" else "unknown"


class Ledger:
    """`at` is wall time, for the reader; beside it each line has the time of a clock that nobody sets."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def asks(self, paper: Paper, at: float) -> None:
        self._write(at, paper, "asks", door=paper.door, sha256=paper.sha256, metadata=dict(paper.metadata))

    def hears(self, paper: Paper, at: float, status: int | None, said: Any) -> Outcome:
        """`status` is None where there was no answer at all."""
        self._write(at, paper, "hears", status=status, said=said)
        return outcome_of(status)

    def close(self) -> None:
        os.close(self._descriptor)

    def _write(self, at: float, paper: Paper, says: str, **more: Any) -> None:
        moment = {"at": at, "monotonic": time.monotonic()}
        line = {**moment, "says": says, "device": paper.device, "key": paper.key, **more}
        os.write(self._descriptor, json.dumps(line).encode() + b"\n")
        os.fsync(self._descriptor)


def outcome_of(status: int | None) -> Outcome:
    if status is None or status >= 500:
        return "unknown"
    return "ok" if status in {200, 201} else "refused"


def histories(path: Path) -> dict[Sender, History]:
    found: dict[Sender, History] = {}
    for line in _lines(path):
        sender = (line["device"], line["key"])
        if line["says"] == "asks":
            known = found.setdefault(sender, History(*sender, line["door"], line["sha256"], line["metadata"]))
        else:
            known = found[sender]
            known.outcomes.append(outcome_of(line["status"]))
            if outcome_of(line["status"]) == "ok":
                known.answers.append(line["said"])
        known.lines.append(line)
    return found


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open("rb") as file:
        for text in file:
            yield json.loads(text)
