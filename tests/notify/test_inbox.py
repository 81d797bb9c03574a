"""A person's own inbox over HTTP."""

import base64
import contextlib

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.chassis.settings import ChassisSettings
from services.notify.inbox import Position, event_id_of, place_of, position_of
from tests.harness import as_bearer
from tests.notify.desk import Desk, desk, inbox, notify_settings, open_notify
from tests.notify.facts import said
from tests.offices import HA_TINH, NGHE_AN, token


def cursor_from(json: str) -> str:
    return base64.urlsafe_b64encode(json.encode()).decode().rstrip("=")


async def fill(notify: Desk, count: int, office: str = HA_TINH) -> None:
    for number in range(count):  # one batch each, so that each has a time of its own
        await notify.hear(said(document_id=f"{office}-{number}", office=office, number=number))


def opened(client: httpx.AsyncClient, notice_id: str, person: str, office: str = HA_TINH) -> object:
    return client.post(f"/notify/api/v1/notices/{notice_id}/opened", headers=as_bearer(token(person, office)))


async def test_unread_comes_first_and_newest_first_within_whatever_the_page_size(settings: ChassisSettings) -> None:
    async with desk(settings) as notify, open_notify(notify_settings(settings)) as client:
        await fill(notify, 12)
        first = (await inbox(client, "hoa"))["notices"]
        assert [each["number"] for each in first] == list(range(11, -1, -1))
        for notice in first[2:5]:
            await notify.notify.open(HA_TINH, "hoa", notice["id"])
        expected = [11, 10, 6, 5, 4, 3, 2, 1, 0, 9, 8, 7]
        for limit in (1, 5, 9, 12, 50):
            seen, after = [], ""
            while True:
                page = await inbox(client, "hoa", limit=limit, **({"after": after} if after else {}))
                seen += [each["number"] for each in page["notices"]]
                assert page["unread"] == 9
                after = page["next"]
                if not after:
                    break
            assert seen == expected
        assert [each["number"] for each in (await inbox(client, "hoa", unread=True))["notices"]] == expected[:9]


async def test_a_notice_is_opened_once_and_only_by_its_person(settings: ChassisSettings) -> None:
    async with desk(settings) as notify, open_notify(notify_settings(settings)) as client:
        await notify.hear(said(coordinators=("minh",)))
        notice_id = (await inbox(client, "hoa"))["notices"][0]["id"]
        for person, office in (("minh", HA_TINH), ("admin", HA_TINH), ("hoa", NGHE_AN)):
            refused = await opened(client, notice_id, person, office)  # type: ignore[misc]
            assert refused.status_code == 404
        first = await opened(client, notice_id, "hoa")  # type: ignore[misc]
        again = await opened(client, notice_id, "hoa")  # type: ignore[misc]
        assert first.status_code == again.status_code == 200
        assert first.json() == again.json()
        page = await inbox(client, "hoa")
        assert page["unread"] == 0
        assert page["notices"][0]["opened_at"] == first.json()["opened_at"]
        events = await notify.journal()
        assert [row["type"] for row in events] == ["vanthu.notice-sent.v1", "vanthu.notice-opened.v1"]
        assert notice_id in events[1]["value"]


async def test_nobody_sees_the_notices_of_another_person_or_office(settings: ChassisSettings) -> None:
    async with desk(settings) as notify, open_notify(notify_settings(settings)) as client:
        await fill(notify, 2)
        assert len((await inbox(client, "hoa"))["notices"]) == 2
        for person, office in (("lan", HA_TINH), ("leader", HA_TINH), ("admin", HA_TINH), ("hoa", NGHE_AN)):
            assert (await inbox(client, person, office))["notices"] == []


async def test_nothing_but_health_answers_without_a_token(settings: ChassisSettings) -> None:
    async with open_notify(notify_settings(settings)) as client:
        for path in ("inbox", "inbox/stream", "webhooks", "webhooks/x", "webhooks/x/deliveries", "openapi.json"):
            assert (await client.get(f"/notify/api/v1/{path}")).status_code == 401
        for path in ("notices/x/opened", "webhooks", "webhooks/x/test"):
            answer = await client.post(f"/notify/api/v1/{path}", json={"url": "https://example.org/"})
            assert answer.status_code == 401
        assert (await client.get("/notify/health/live")).status_code == 200


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("inbox?after=nonsense", "after"),
        ("inbox?after=WzFd", "after"),
        (f"inbox?after={cursor_from('[' * 3000)}", "after"),
        (f"inbox?after={cursor_from('[true,1e400,0]')}", "after"),
        (f"inbox?after={cursor_from('[true,1,' + chr(34) + chr(92) + 'ud800' + chr(34) + ']')}", "after"),
        ("inbox?limit=0", "/limit"),
        ("inbox/stream?after=nonsense", "Last-Event-ID"),
        ("inbox/stream?after=999999999999999.x", "Last-Event-ID"),
    ],
)
async def test_a_place_that_is_none_is_a_problem_with_a_remedy(
    settings: ChassisSettings, path: str, field: str
) -> None:
    async with open_notify(notify_settings(settings)) as client:
        answer = await client.get(f"/notify/api/v1/{path}", headers=as_bearer(token("hoa")))
        assert (answer.status_code, answer.json()["field"]) == (400, field)
        assert answer.json()["remedy"]


def test_positions_survive_the_way_to_the_client_and_back() -> None:
    position = Position(place_of("W3RydWUsMTc3MDI1MDAwMDEyMywieCJd").created_at, "x")
    assert position_of(event_id_of(position)) == position


async def test_the_pages_of_the_api_and_of_the_events_describe_it(settings: ChassisSettings) -> None:
    async with open_notify(notify_settings(settings)) as client:
        headers = as_bearer(token("hoa"))
        paths = (await client.get("/notify/api/v1/openapi.json", headers=headers)).json()["paths"]
        assert {"/api/v1/inbox", "/api/v1/inbox/stream", "/api/v1/webhooks"} <= set(paths)
        events = (await client.get("/notify/api/v1/asyncapi.json", headers=headers)).json()
        assert {"vanthu.notices", "vanthu.assignments"} <= {each["address"] for each in events["channels"].values()}
        assert (await client.get("/notify/health/live")).status_code == 200
        assert (await client.get("/notify/health/ready")).status_code == 200


@given(st.one_of(st.text(), st.binary().map(lambda each: base64.urlsafe_b64encode(each).decode())))
def test_garbage_is_never_more_than_no_cursor(garbage: str) -> None:
    for read in (place_of, position_of):
        with contextlib.suppress(ValueError):
            read(garbage)
