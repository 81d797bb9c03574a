"""Fault 13: documents, assignments and notices interleaved in every way with void, return, complete and correct."""

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer

from services.embedded import Endpoints
from services.events import AssignmentStatus, Kind
from services.reporting.projecting import newest_of
from services.routing.assignment import Told
from tests.cli.vanthu import new_vanthu
from tests.faults.conftest import LabOpener
from tests.faults.evidence import Place, Row, gather, lags
from tests.faults.generations import figures_of
from tests.faults.interleaving import (
    ACCEPT,
    COMPLETE,
    REASSIGN,
    RETURN,
    Act,
    Books,
    history_of,
    journals,
    orders_and_cuts,
    reached,
    says_the_same_in_any_order,
)
from tests.faults.lab import OUTGOING, READERS, SCANNERS
from tests.faults.papers import papers
from tests.faults.staff import Staff
from tests.routing.small_office import described, received, view, voided

STORIES: dict[str, tuple[Sequence[Told], Sequence[Act]]] = {
    "completed": ([received("d")], [ACCEPT, COMPLETE]),
    "returned, given to another and completed": ([received("d")], [RETURN, REASSIGN, COMPLETE]),
    "corrected and completed": ([received("d"), described("d", kind=Kind.CONG_VAN)], [ACCEPT, COMPLETE]),
    "corrected twice and returned": (
        [received("d"), described("d", kind=Kind.CONG_VAN), described("d", version=3, symbol="1/KT")],
        [RETURN],
    ),
    "made restricted": ([received("d"), described("d", restricted=True)], [ACCEPT]),
    "voided and completed": ([received("d"), voided("d")], [ACCEPT, COMPLETE]),
    "voided and returned": ([received("d"), voided("d")], [RETURN, REASSIGN]),
    "corrected, voided and completed": (
        [received("d"), described("d", kind=Kind.CONG_VAN), voided("d", version=3, kind=Kind.CONG_VAN)],
        [COMPLETE],
    ),
}


@pytest.mark.fault(13)
@pytest.mark.quick
@pytest.mark.parametrize("story", STORIES)
def test_every_order_cut_and_repeat_of_a_documents_events_ends_in_the_same_fact_and_counters(
    story: str, figures: dict[str, Any]
) -> None:
    _tried(story, 6, figures)


@pytest.mark.fault(13)
@pytest.mark.timeout(900)
@pytest.mark.parametrize("story", STORIES)
def test_also_with_its_last_notices_every_order_cut_and_repeat_ends_in_the_same_fact_and_counters(
    story: str, figures: dict[str, Any]
) -> None:
    _tried(story, 7, figures)


def _tried(story: str, most_events: int, figures: dict[str, Any]) -> None:
    told, acts = STORIES[story]
    found, ways = journals(view(), told, acts)
    interleavings = compared = stepped = 0
    for said in found:
        assert [each.version for each in said] == list(range(1, len(said) + 1))
        events = history_of(told, said, most_events)
        assert len(events) <= 8
        in_order = Books()
        for event in events:
            in_order = in_order.after(newest_of([event]))
        compared += says_the_same_in_any_order(events)
        states, steps = reached(events)
        assert states[frozenset(range(len(events)))] == [in_order]
        assert all(len(each) == 1 for each in states.values())
        interleavings += orders_and_cuts(len(events))
        stepped += steps
    figures |= {"ways through routing": ways, "journals": len(found), "interleavings at reporting": interleavings}
    figures |= {"batches compared": compared, "steps": stepped}


@pytest.mark.fault(13)
@pytest.mark.quick
def test_a_voided_document_ends_withdrawn_whatever_people_did_to_it_meanwhile() -> None:
    for told, acts in STORIES.values():
        if told[-1].type == voided("d").type:
            found, _ = journals(view(), told, acts)
            assert {said[-1].assignment.status for said in found} == {AssignmentStatus.WITHDRAWN}
            assert len(found) > 1


@pytest.mark.fault(13)
@pytest.mark.timeout(600)
async def test_the_journals_of_real_documents_read_in_any_order_make_the_same_facts_and_counters(
    seed: int, new_lab: LabOpener, servers: Endpoints, tmp_path: Path, figures: dict[str, Any]
) -> None:
    chance = random.Random(seed)
    async with new_lab() as lab, lab.senders(seed) as senders:
        intake, readers = lab.replica("intake", "intake"), lab.replica("readers", *READERS)
        await lab.start(intake, readers)
        post = papers(seed, SCANNERS, outgoing=OUTGOING)
        await senders.work(post, count=80, connections=4)
        await lab.until_quiet()
        staff = Staff(lab, intake.url, readers.url, chance)
        rebuilt = asyncio.create_task(asyncio.to_thread(lab.vanthu.run, "rebuild", "reporting", "--yes"))
        await asyncio.gather(staff.work(), senders.work(post, count=40, connections=2))
        await rebuilt
        await senders.settle()
        figures["seconds until quiet"] = round(await lab.until_quiet(), 2)
        assert min(staff.done[each] for each in ("void", "return", "complete", "correct", "reassign")) > 0, (
            staff.refused
        )
        lab.vanthu.run("check")
        figures |= await lab.judge()
        live = await gather(lab.place)
        rows = [row for service in ("intake", "routing", "notify") for row in live.events[service]]
        shuffled = [*rows, *chance.sample(rows, len(rows) // 3)]
        chance.shuffle(shuffled)
        figures["records out of order"] = _out_of_order(shuffled)
        assert figures["records out of order"] >= 20

        vanthu = await asyncio.to_thread(new_vanthu, servers, tmp_path / "elsewhere")
        there = replace(lab.place, prefix=vanthu.env["VANTHU_MONGO_DATABASE_PREFIX"], data=vanthu.data)
        lab.vanthu = vanthu
        await lab.start(lab.replica("another reporting", "reporting"))
        await _say(shuffled, there)
        while any((await lags(there, ["reporting"])).values()):
            await asyncio.sleep(0.2)
        found = await gather(there)
        assert figures_of(found.facts, found.counters) == figures_of(live.facts, live.counters)
        figures |= {"documents": len(live.documents), "actions": sum(staff.done.values()), "records": len(shuffled)}


def _out_of_order(rows: Sequence[Row]) -> int:
    """Records that come after a later version of the same producer's word on the same document."""
    highest: Counter[tuple[str, str]] = Counter()
    late = 0
    for row in rows:
        place = row["topic"], row["key"]
        late += row["version"] < highest[place]
        highest[place] = max(highest[place], row["version"])
    return late


async def _say(rows: Sequence[Row], place: Place) -> None:
    async with AIOKafkaProducer(bootstrap_servers=place.kafka_bootstrap) as producer:
        for row in rows:
            headers = [(name, value.encode()) for name, value in row["headers"].items()]
            topic = f"{place.prefix}.{row['topic']}"
            await producer.send_and_wait(topic, row["value"].encode(), key=row["key"].encode(), headers=headers)
