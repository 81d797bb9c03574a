"""An office loaded, loaded again, changed, refused; and its tokens read by another service."""

import asyncio
import json
from collections.abc import Sequence
from typing import Any

import pytest

from services.chassis.auth import PERSON, SIGNING_KEY, UNIT
from services.chassis.copies import Copy
from services.chassis.envelope import Incoming
from services.chassis.errors import Problem
from services.chassis.foundation import lay_foundation
from services.chassis.settings import ChassisSettings
from services.events import EVENTS, OfficeEvent, PersonChanged, SigningKeyChanged, UnitChanged
from services.policy import Viewer
from services.routing.app import build, opened_office
from services.routing.faults import OfficeFaulty
from services.routing.loading import NobodyToSignIn, NoSuchOffice, create_token, judged, load, plan
from services.routing.settings import RoutingSettings
from tests.eventually import eventually
from tests.harness import running, started
from tests.offices import HA_TINH, NGHE_AN
from tests.routing.small_office import STAFF, load_office, office, row, rules, tokens


async def journal_of(settings: ChassisSettings) -> list[dict[str, Any]]:
    look = lay_foundation(settings, "routing")
    rows = [row async for row in look.journal.read(topic="office")]
    look.client.close()
    return rows


async def test_a_dry_run_tells_and_changes_nothing(settings: ChassisSettings) -> None:
    async with opened_office(settings) as store:
        changes = await plan(judged(json.dumps(office())), store)
        assert len(changes) == 3 + len(STAFF) + 4  # units, people; calendar, matters, rules, office
        assert await store.people(HA_TINH) == []
    assert await journal_of(settings) == []


async def test_loading_again_changes_nothing_and_a_change_says_only_itself(settings: ChassisSettings) -> None:
    await load_office(settings)
    first = await journal_of(settings)
    assert len(first) == 3 + len(STAFF) + 2
    changed = office(default_working_days=9)
    changed["people"][-1]["name"] = "Minh mới"
    async with opened_office(settings) as store:
        assert await load(judged(json.dumps(office())), store) == []
        assert (await store.versions([HA_TINH])) == {HA_TINH: 1}
        await load(judged(json.dumps(changed)), store)
        view = await store.view(HA_TINH)
        assert view is not None
        assert (view.version, view.rules_version, view.default_working_days) == (2, 1, 9)
    news = [row for row in await journal_of(settings) if row not in first]
    assert [(row["key"], row["version"]) for row in news] == [(f"{HA_TINH}:person:minh", 2)]


async def test_every_table_there_ever_was_is_kept(settings: ChassisSettings) -> None:
    await load_office(settings)
    await load_office(settings, office(rules=rules([row("default", "KT")])))
    async with opened_office(settings) as store:
        view = await store.view(HA_TINH)
        assert view is not None
        assert view.rules_version == 2
        assert await store._tables.count_documents({"office": HA_TINH}) == 2


async def test_a_faulty_file_changes_nothing(settings: ChassisSettings) -> None:
    with pytest.raises(OfficeFaulty):
        await load_office(settings, office(rules=rules([row("default", "XX")])))
    assert await journal_of(settings) == []


async def test_a_load_that_breaks_off_leaves_nothing(
    settings: ChassisSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened_office(settings) as store:

        async def fails(*_: Any, **__: Any) -> None:
            raise RuntimeError("pulled the plug")

        monkeypatch.setattr(store._journal, "append", fails)
        with pytest.raises(RuntimeError):
            await load(judged(json.dumps(office())), store)
        assert await store.people(HA_TINH) == []
        assert await store.view(HA_TINH) is None


async def test_two_loads_at_once_leave_one_office(settings: ChassisSettings) -> None:
    await load_office(settings)
    names = [office(name=f"Văn phòng {number}", default_working_days=number) for number in (3, 4, 5)]
    await asyncio.gather(*(load_office(settings, each) for each in names))
    async with opened_office(settings) as store:
        assert (await store.versions([HA_TINH])) == {HA_TINH: 4}


async def test_who_is_not_there_gets_no_token_and_is_told_why(settings: ChassisSettings) -> None:
    with pytest.raises(NoSuchOffice, match="no office hatinh"):
        await tokens(settings, "hoa")
    people = office()
    people["people"][-1]["disabled"] = True
    await load_office(settings, people)
    with pytest.raises(NobodyToSignIn, match="no person xuan"):
        await tokens(settings, "xuan")
    with pytest.raises(NobodyToSignIn, match="minh is disabled"):
        await tokens(settings, "minh")
    async with opened_office(settings) as store:
        with pytest.raises(ValueError, match="hours"):
            await create_token(store, HA_TINH, "hoa", 0)


async def test_an_office_has_one_key_however_many_ask_first(settings: ChassisSettings) -> None:
    await load_office(settings)
    await asyncio.gather(*(tokens(settings, "hoa") for _ in range(4)))
    keys = [row for row in await journal_of(settings) if row["type"] == SigningKeyChanged.type]
    assert len(keys) == 1
    assert '"d"' not in keys[0]["value"]


def copy_of(event: OfficeEvent) -> list[Copy]:
    said: list[tuple[str, str, dict[str, Any]]] = []
    if isinstance(event, PersonChanged):
        said.append((PERSON, event.person.person_id, event.person.model_dump(mode="json")))
    if isinstance(event, UnitChanged):
        said.append((UNIT, event.unit.unit_id, event.unit.model_dump(mode="json")))
    if isinstance(event, SigningKeyChanged):
        key = {"key_id": event.key_id, "public_key": event.public_key, "retired": event.retired}
        said.append((SIGNING_KEY, event.key_id, key))
    return [Copy(event.office, kind, id, event.version, event.epoch, state) for kind, id, state in said]


async def test_another_service_knows_whose_token_it_is(settings: ChassisSettings) -> None:
    await load_office(settings, office(HA_TINH), office(NGHE_AN))
    here = await tokens(settings, "head-nc")
    there = await tokens(settings, "clerk", office=NGHE_AN)
    other = lay_foundation(settings, "reporting")

    async def apply(batch: Sequence[Incoming]) -> None:
        await other.copies.keep_newest(copy for each in batch for copy in copy_of(each.event))

    other.add_consumer(("office",), [each for each in EVENTS if each.topic == "office"], apply)
    async with running(build(RoutingSettings(**settings.model_dump()))), started(other):

        async def is_known(token: str, expected: Viewer) -> bool:
            # The key, the person and each unit come by partitions of their own.
            other.staff._remembered._answers.clear()
            try:
                return await other.staff.viewer_of(token) == expected
            except Problem:
                return False

        head = Viewer(HA_TINH, "head-nc", frozenset(), frozenset({"NC"}))
        clerk = Viewer(NGHE_AN, "clerk", frozenset({"clerk"}))
        await eventually(lambda: is_known(here["head-nc"], head))
        await eventually(lambda: is_known(there["clerk"], clerk))
