"""Fault 14: a bug in the middle of a batch makes dead letters; it is fixed, and they are replayed."""

import asyncio
import random
from collections.abc import Sequence
from typing import Any

import pytest

from tests.faults.clerk import correct
from tests.faults.conftest import LabOpener
from tests.faults.evidence import gather
from tests.faults.lab import OUTGOING, READERS, SCANNERS, Lab
from tests.faults.ledger import histories
from tests.faults.oracle import Breach, judge
from tests.faults.papers import papers

STRUCK = 12


@pytest.mark.fault(14)
@pytest.mark.timeout(300)
@pytest.mark.parametrize("service", ["routing", "notify", pytest.param("reporting", marks=pytest.mark.quick)])
async def test_replayed_after_the_bug_is_fixed_it_is_as_if_it_had_never_failed(
    service: str, seed: int, new_lab: LabOpener, figures: dict[str, Any]
) -> None:
    chance = random.Random(seed)
    async with new_lab() as lab, lab.senders(seed) as senders:
        readers = {name: lab.replica(name, name) for name in READERS}
        readers[service] = lab.replica(service, service, BUG_FOR=str(lab.folder / "bug.txt"))
        intake = lab.replica("intake", "intake")
        await lab.start(intake, *(each for name, each in readers.items() if name != service))
        post = papers(seed, SCANNERS, outgoing=OUTGOING)
        await senders.work(post, count=chance.randint(60, 100), connections=chance.randint(1, 8))
        await senders.settle()
        struck = _chosen(lab, chance)
        (lab.folder / "bug.txt").write_text("\n".join(struck))
        readers[service].start(f"bug:{service}:1")
        await readers[service].until_ready()
        await senders.work(post, count=20, connections=4)
        await senders.settle()
        await lab.until_quiet(60)
        assert readers[service].struck.read_text() == service
        evidence = await gather(lab.place)
        letters = [row["key"].decode() for row in evidence.dead_letters]
        assert set(letters) == set(struck)
        poison = [(service, id) for id in struck]
        assert _of_others(judge(histories(lab.ledger.path), evidence, poison=poison), struck) == []
        while_broken, once_fixed = struck[::2], struck[1::2]
        corrected = await correct(lab, intake.url, while_broken)
        assert corrected == len(while_broken)
        await lab.until_quiet(60)

        await readers[service].terminate()
        readers[service].start()
        await readers[service].until_ready()
        passed_by = await correct(lab, intake.url, once_fixed)
        assert passed_by == len(once_fixed)
        await lab.until_quiet(60)
        await asyncio.to_thread(lab.vanthu.run, "dead-letters", "replay", service, "all")
        await _replayed(lab)
        figures["dead letters"], figures["corrected meanwhile"] = len(letters), corrected + passed_by
        figures["seconds until quiet"] = round(await lab.until_quiet(), 2)
        figures |= await lab.judge()


async def _replayed(lab: Lab, seconds: float = 40.0) -> None:
    async with asyncio.timeout(seconds):
        while any(row["status"] != "replayed" for row in (await gather(lab.place)).dead_letters):
            await asyncio.sleep(0.5)


def _chosen(lab: Lab, chance: random.Random) -> list[str]:
    """Documents by what their senders called them, so that the same seed strikes the same."""
    incoming = [each for each in histories(lab.ledger.path).values() if each.door == "documents" and each.answers]
    ids = {each.key: str(each.answers[0]["id"]) for each in incoming}
    return [ids[key] for key in chance.sample(sorted(ids), STRUCK)]


def _of_others(breaches: Sequence[Breach], struck: Sequence[str]) -> list[Breach]:
    """What the judge says of other documents than those with dead letters, or of the letters themselves.

    Sums are of all documents together: they are right again when the letters have been replayed.
    """
    return [
        each
        for each in breaches
        if each.promise.startswith("dead letters")
        or not ("counters" in each.promise or set(each.documents) <= set(struck))
    ]
