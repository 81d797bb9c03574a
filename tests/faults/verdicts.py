"""What became of a mutation: pure judgement of a test's end, and what is kept of it for the next run."""

import hashlib
import json
import re
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

VERDICTS = Path(__file__).parents[2] / "var" / "faults" / "mutations.jsonl"
ERROR = re.compile(r"^E\s+(?:[\w.]*(?:Error|Exception)\w*: )?(.*\S)", re.MULTILINE)
FAILED_IN = re.compile(r"^\S+\.py:\d+: (in \w+)$", re.MULTILINE)
RAN_AND_FAILED = 1  # pytest's exit code; others mean that nothing was tried
LONGEST = 160


@dataclass(frozen=True)
class Mutation:
    """The head of the patch: what it `Breaks:` in words, the test that turns `Red:`, and what that test then `Says:`."""

    name: str
    breaks: str
    test: str
    says: re.Pattern[str]
    patch: Path

    @classmethod
    def read(cls, path: Path) -> "Mutation":
        head = dict(line.split(": ", 1) for line in path.read_text().partition("diff --git")[0].splitlines() if line)
        return cls(path.stem, head["Breaks"], head["Red"], re.compile(head["Says"]), path)

    @property
    def hash(self) -> str:
        return hashlib.sha256(self.patch.read_bytes()).hexdigest()[:12]


@dataclass(frozen=True)
class Verdict:
    """`passed`: what was to happen has happened."""

    passed: bool
    said: str


def mutated(says: re.Pattern[str], code: int, output: str) -> Verdict:
    """Red, and in the words that belong to what was broken: a test that could not even begin has shown nothing."""
    if code == 0:
        return Verdict(False, "nobody noticed")
    if code != RAN_AND_FAILED:
        return Verdict(False, f"nothing was tried: {last_words(output)}")
    lines = [*ERROR.findall(output), *FAILED_IN.findall(output)]
    found = next((line for line in lines if says.search(line)), None)
    if found is None:
        return Verdict(False, f"red for another reason: {[*lines, last_words(output)][0][:LONGEST]}")
    return Verdict(True, found[:LONGEST])


def unmutated(code: int, output: str) -> Verdict:
    if code == 0:
        return Verdict(True, "passes")
    return Verdict(False, f"fails unmutated: {[*ERROR.findall(output), last_words(output)][0][:LONGEST]}")


def last_words(output: str) -> str:
    return (output.strip().splitlines() or ["nothing was said"])[-1][:LONGEST]


def keep(test: str, hash: str, code: str, verdict: Verdict) -> None:
    """`hash` is the patch's, or empty for the test without any."""
    line = {"test": test, "patch": hash, "code": code, "passed": verdict.passed, "said": verdict.said}
    VERDICTS.parent.mkdir(parents=True, exist_ok=True)
    with VERDICTS.open("a") as file:
        file.write(json.dumps(line | {"at": round(time.time())}) + "\n")


def kept() -> list[dict[str, Any]]:
    return [json.loads(line) for line in VERDICTS.read_text().splitlines()] if VERDICTS.exists() else []


def known(lines: Iterable[dict[str, Any]], test: str, hash: str, code: str) -> Verdict | None:
    """What this code has shown with this patch already, if it has passed."""
    for line in lines:
        if (line["test"], line["patch"], line["code"], line["passed"]) == (test, hash, code, True):
            return Verdict(True, line["said"])
    return None
