"""Fault 14: a bug in the middle of a batch makes dead letters; it is fixed, and they are replayed."""

import asyncio
from typing import Any

import pytest

from tests.faults.clerk import correct
from tests.faults.conftest import LabOpener
from tests.faults.evidence import gather
from tests.faults.lab import OUTGOING, READERS, SCANNERS, Lab
from tests.faults.launcher import struck
from tests.faults.papers import papers

ONE_IN = 6


@pytest.mark.fault(14)
@pytest.mark.timeout(300)
@pytest.mark.parametrize("service", ["routing", "notify", pytest.param("reporting", marks=pytest.mark.quick)])
async def test_replayed_after_the_bug_is_fixed_it_is_as_if_it_had_never_failed(
    service: str, seed: int, new_lab: LabOpener, figures: dict[str, Any]
) -> None:
    async with new_lab() as lab, lab.senders(seed) as senders:
        readers = {name: lab.replica(name, name) for name in READERS}
        intake = lab.replica("intake", "intake")
        await lab.start(intake, *(each for name, each in readers.items() if name != service))
        readers[service].start(f"bug:{service}:{ONE_IN}")
        await readers[service].until_ready()
        await senders.work(papers(seed, SCANNERS, outgoing=OUTGOING), count=80, connections=8)
        await senders.settle()
        await lab.until_quiet(60)
        evidence = await gather(lab.place)
        letters = [row["key"] for row in evidence.dead_letters]
        assert letters
        assert all(struck(key, ONE_IN) for key in letters)
        assert readers[service].struck.read_text() == service
        ids = sorted({key.decode() for key in letters})
        while_broken, once_fixed = ids[::2], ids[1::2]
        corrected = await correct(lab, intake.url, while_broken)
        assert corrected
        await lab.until_quiet(60)

        await readers[service].terminate()
        readers[service].start()
        await readers[service].until_ready()
        passed_by = await correct(lab, intake.url, once_fixed)
        assert passed_by
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
