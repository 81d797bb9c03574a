"""An office kept with its history: its file given back, its days turned, and an office from before that."""

import json
from datetime import date
from typing import Any

import pytest

from services.chassis.settings import ChassisSettings
from services.routing.app import opened_office
from services.routing.loading import NoFileKept, NoSuchOffice, judged, load, loaded, plan
from services.routing.office import OfficeFile
from services.routing.office_store import OfficeStore
from tests.offices import HA_TINH
from tests.routing.small_office import office
from tests.routing.test_loading import journal_of
from tests.routing.test_office_history import FIRST, LAST, LAWS, moved_room

NEXT = date(2025, 7, 2)


def lawful(**changes: Any) -> OfficeFile:
    matters = [{"id": "don", "name": "Đơn", "deadline": "kn"}]
    return judged(json.dumps(office(deadlines=LAWS, matters=matters, catalogues={}, **changes)))


async def version(store: OfficeStore) -> int:
    return (await store.versions([HA_TINH]))[HA_TINH]


async def test_an_office_gives_back_the_file_it_was_loaded_from(settings: ChassisSettings) -> None:
    async with opened_office(settings) as store:
        with pytest.raises(NoSuchOffice):
            await loaded(store, HA_TINH)
        await load(moved_room(), store, LAST)
        assert await loaded(store, HA_TINH) == moved_room()
        assert await load(moved_room(), store, LAST) == []
        assert await store.next_turn(HA_TINH) == FIRST


async def test_a_new_day_is_written_once_and_only_where_something_differs(settings: ChassisSettings) -> None:
    async with opened_office(settings) as store:
        await load(moved_room(), store, date(2025, 6, 1))
        first = await journal_of(settings)
        assert await store.turn_the_day(HA_TINH, LAST) == []
        assert await version(store) == 1
        changes = await store.turn_the_day(HA_TINH, FIRST)
        assert {each.id for each in changes} == {"KT", "KTTH", "minh", "head-kt"}
        assert await store.turn_the_day(HA_TINH, FIRST) == []
        assert await store.turn_the_day(HA_TINH, NEXT) == []
        assert await version(store) == 2
        assert len(await journal_of(settings)) == len(first) + 4
        view = await store.view(HA_TINH)
        assert view is not None
        assert not view.has_unit("KT")
        assert [each.person_id for each in view.workers("KTTH")] == ["minh"]


async def test_a_day_that_was_not_turned_is_turned_by_a_load(settings: ChassisSettings) -> None:
    async with opened_office(settings) as store:
        await load(moved_room(), store, LAST)
        assert {each.id for each in await plan(moved_room(), store, FIRST)} == {"KT", "KTTH", "minh", "head-kt"}
        await load(moved_room(), store, FIRST)
        assert await store.turn_the_day(HA_TINH, FIRST) == []


async def test_a_view_has_the_law_of_its_day(settings: ChassisSettings) -> None:
    async with opened_office(settings) as store:
        await load(lawful(), store, LAST)
        view = await store.view(HA_TINH)
        assert view is not None
        assert (view.deadlines["kn"].legal_ref, view.matters["don"].deadline_id) == ("Luật cũ", "kn")
        before = await journal_of(settings)
        assert await store.turn_the_day(HA_TINH, FIRST) == []
        view = await store.view(HA_TINH)
        assert view is not None
        assert (view.version, view.deadlines["kn"].legal_ref) == (2, "Luật mới")
        assert await journal_of(settings) == before


async def test_what_only_the_file_shows_is_kept_and_no_event(settings: ChassisSettings) -> None:
    async with opened_office(settings) as store:
        await load(judged(json.dumps(office())), store, LAST)
        before = await journal_of(settings)
        later = judged(json.dumps(office(deadlines=LAWS)))
        assert [each.kind for each in await load(later, store, LAST)] == ["file"]
        assert await loaded(store, HA_TINH) == later
        assert await store._files.count_documents({"office": HA_TINH}) == 2
        assert await journal_of(settings) == before


async def test_an_office_from_before_files_were_kept_has_a_view_and_keeps_its_next_file(
    settings: ChassisSettings,
) -> None:
    async with opened_office(settings) as store:
        file = judged(json.dumps(office()))
        await load(file, store, LAST)
        await store._files.delete_many({})
        await store._offices.update_one({"_id": HA_TINH}, {"$unset": {"file_version": "", "day": ""}})
        before = await journal_of(settings)
        view = await store.view(HA_TINH)
        assert view is not None
        assert (len(view.people), view.deadlines) == (len(file.people), {})
        assert await store.turn_the_day(HA_TINH, FIRST) == []
        with pytest.raises(NoFileKept):
            await loaded(store, HA_TINH)
        assert [each.kind for each in await load(file, store, FIRST)] == ["file"]
        assert await loaded(store, HA_TINH) == file
        assert await journal_of(settings) == before
