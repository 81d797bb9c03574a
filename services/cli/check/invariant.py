"""What an invariant is, and how its examination is told."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

FAULTS_SHOWN = 5


@dataclass(frozen=True)
class Fault:
    """`subject` is the document, book or row at fault; `detail` never quotes a document's text."""

    subject: str
    detail: str


@dataclass(frozen=True)
class Counted:
    """How much was looked at, in words."""

    text: str


Finding = Fault | Counted
Examine = Callable[[], AsyncIterator[Finding]]


@dataclass(frozen=True)
class Invariant:
    """`examine` yields every fault, and at its end what was counted; `remedy` mends what most often breaks it."""

    name: str
    says: str
    examine: Examine
    remedy: str = ""


@dataclass
class Verdict:
    name: str
    says: str
    counted: str = ""
    remedy: str = ""
    faults: list[Fault] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return not self.faults


async def judge(invariant: Invariant) -> Verdict:
    verdict = Verdict(invariant.name, invariant.says, remedy=invariant.remedy)
    async for finding in invariant.examine():
        if isinstance(finding, Counted):
            verdict.counted = finding.text
        else:
            verdict.faults.append(finding)
    return verdict
