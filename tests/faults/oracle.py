"""The judge: what the senders were told, against what is really there. It knows none of the product's code.

Every breach names its documents, whose whole histories are printed. The subjects are in `judging/`.
"""

from collections.abc import Collection, Mapping

from tests.faults.evidence import Evidence
from tests.faults.judging.assignments import assignments
from tests.faults.judging.breach import Breach
from tests.faults.judging.case import Case, Poison
from tests.faults.judging.content import content
from tests.faults.judging.counters import counters
from tests.faults.judging.facts import facts
from tests.faults.judging.journals import journals
from tests.faults.judging.letters import letters
from tests.faults.judging.notices import notices
from tests.faults.judging.numbers import ZONE, books, numbers, order_of_answers, register_log
from tests.faults.judging.senders import erased, refused_left_nothing, senders
from tests.faults.judging.story import told
from tests.faults.judging.webhooks import judge_webhooks
from tests.faults.ledger import History, Sender

SUBJECTS = (
    senders, refused_left_nothing, erased, numbers, order_of_answers, books, register_log, content, journals,
    assignments, notices, facts, counters, letters,
)  # fmt: skip


def judge(
    histories: Mapping[Sender, History],
    evidence: Evidence,
    *,
    poison: Collection[Poison] = (),
    settled: bool = True,
    erased: Collection[str] = (),
) -> list[Breach]:
    """All breaches of the promise. `poison` are records that their service cannot use, on purpose.

    `settled`: every sender has had an answer by now, so that nothing may be unknown. `erased` are documents that
    were destroyed on purpose: their numbers stay taken, and nothing else is left.
    """
    case = Case(histories, evidence, frozenset(poison), frozenset(erased), settled=settled)
    return [breach for subject in SUBJECTS for breach in subject(case)]


__all__ = ["ZONE", "Breach", "Poison", "judge", "judge_webhooks", "told"]
