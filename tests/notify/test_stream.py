"""The live stream over a real HTTP server, with notices made by another process of the service."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import uvicorn
from sse_starlette.sse import AppStatus

from services.chassis.auth import PERSON
from services.chassis.copies import Copy
from services.chassis.errors import Unavailable
from services.chassis.host import Host
from services.chassis.settings import ChassisSettings
from services.notify.app import build
from services.notify.settings import NotifySettings
from services.notify.store import Store
from tests.harness import as_bearer
from tests.notify.desk import Desk, desk, inbox, notify_settings
from tests.notify.facts import said
from tests.offices import HA_TINH, NGHE_AN, introduce_offices, token

STREAM = "/notify/api/v1/inbox/stream"


@asynccontextmanager
async def serving(settings: NotifySettings) -> AsyncIterator[tuple[httpx.AsyncClient, uvicorn.Server]]:
    service = build(settings)
    config = uvicorn.Config(Host([service]), port=0, log_config=None, timeout_graceful_shutdown=5)
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    while not (server.started and service.health.started):
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    await introduce_offices(settings, "notify")
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=20) as client:
            yield client, server
    finally:
        server.should_exit = True
        await task
        AppStatus.should_exit = False


@dataclass
class Stream:
    lines: AsyncIterator[str]

    async def event(self) -> dict[str, Any]:
        """The next event that is not a comment."""
        event: dict[str, Any] = {}
        async for line in self.lines:
            name, _, value = line.partition(": ")
            if line == "" and "data" in event:
                return event
            if name in {"id", "event"}:
                event[name] = value
            elif name == "data":
                event["data"] = json.loads(value)
        raise EOFError

    async def numbers(self, count: int) -> list[int]:
        return [(await self.event())["data"]["number"] for _ in range(count)]


@asynccontextmanager
async def listening(
    client: httpx.AsyncClient, person: str = "hoa", office: str = HA_TINH, last: str | None = None
) -> AsyncIterator[Stream]:
    headers = as_bearer(token(person, office)) | ({"Last-Event-ID": last} if last else {})
    async with client.stream("GET", STREAM, headers=headers) as response:
        assert response.status_code == 200
        lines = response.aiter_lines()
        while (await anext(lines)) != ": live":
            pass
        yield Stream(lines)


async def say(notify: Desk, *numbers: int, office: str = HA_TINH) -> None:
    await notify.hear(*(said(document_id=f"{office}-{number}", number=number, office=office) for number in numbers))


async def test_a_notice_made_by_another_process_arrives_at_once_and_only_at_its_person(
    settings: ChassisSettings,
) -> None:
    async with desk(settings) as other, serving(notify_settings(settings)) as (client, _):
        await say(other, 1)
        async with listening(client) as hoa, listening(client, "lan") as lan, listening(client, "hoa", NGHE_AN) as far:
            started = time.monotonic()
            await say(other, 2)
            event = await hoa.event()
            assert time.monotonic() - started < 0.5
            assert (event["event"], event["data"]["number"]) == ("notice", 2)
            await say(other, 3, office=NGHE_AN)
            assert await far.numbers(1) == [3]
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(lan.event(), 0.3)


async def test_a_resumed_stream_misses_nothing(settings: ChassisSettings) -> None:
    async with desk(settings) as other, serving(notify_settings(settings)) as (client, _):
        async with listening(client) as hoa:
            await say(other, 1)
            last = (await hoa.event())["id"]
        await say(other, *range(2, 450))
        async with listening(client, last=last) as hoa:
            await say(other, 450)
            seen: set[int] = set()
            while len(seen) < 450:
                seen.add((await hoa.event())["data"]["number"])
            assert seen == set(range(1, 451))


async def test_a_page_of_the_inbox_says_where_the_stream_goes_on(settings: ChassisSettings) -> None:
    async with desk(settings) as other, serving(notify_settings(settings)) as (client, _):
        page = await inbox(client, "hoa")
        await say(other, 1)
        async with listening(client, last=page["stream_from"]) as hoa:
            assert await hoa.numbers(1) == [1]


async def test_a_late_commit_with_an_earlier_time_is_not_missed(settings: ChassisSettings) -> None:
    async with desk(settings) as other, serving(notify_settings(settings)) as (client, _):
        async with listening(client) as hoa:
            await say(other, 1)
            last = (await hoa.event())["id"]
        await say(other, 2)
        early = datetime.now(UTC) - timedelta(seconds=5)
        await other.store.notices.update_one({"about.number": 2}, {"$set": {"created_at": early}})
        async with listening(client, last=last) as hoa:
            assert 2 in await hoa.numbers(2)


async def test_a_slow_client_whose_queue_runs_over_reads_anew(settings: ChassisSettings) -> None:
    with_small_queue = notify_settings(settings, stream_queue_notices=2)
    async with desk(settings) as other, serving(with_small_queue) as (client, _), listening(client) as hoa:
        await say(other, *range(300))
        assert sorted(await hoa.numbers(300)) == list(range(300))


async def test_without_a_change_stream_polling_does(settings: ChassisSettings, monkeypatch: pytest.MonkeyPatch) -> None:

    async def lost(self: Store, opened: object) -> AsyncIterator[dict[str, Any]]:
        if opened:
            raise Unavailable("the oplog is gone")
        yield {}

    monkeypatch.setattr(Store, "arrivals", lost)
    quick = notify_settings(settings, stream_poll_seconds=0.1)
    async with desk(settings) as other, serving(quick) as (client, _), listening(client) as hoa:
        await say(other, 1, 2)
        assert sorted(await hoa.numbers(2)) == [1, 2]


async def test_the_stream_of_a_disabled_person_ends(settings: ChassisSettings) -> None:
    quick = notify_settings(settings, stream_reauthorise_seconds=0.2)
    async with desk(settings) as other, serving(quick) as (client, _), listening(client) as hoa:
        disabled = {"person_id": "hoa", "roles": [], "disabled": True}
        await other.notify.copies.keep_newest([Copy(HA_TINH, PERSON, "hoa", 2, 0, disabled)])
        with pytest.raises(EOFError):
            await asyncio.wait_for(hoa.event(), 6)


async def test_an_open_stream_does_not_hold_up_the_end(settings: ChassisSettings) -> None:
    async with serving(notify_settings(settings)) as (client, server), listening(client) as hoa:
        started = time.monotonic()
        server.handle_exit(15, None)
        server._captured_signals.clear()  # uvicorn would end this very process with it
        with pytest.raises(EOFError):
            await hoa.event()
        assert time.monotonic() - started < 3


async def test_a_quiet_stream_shows_signs_of_life(settings: ChassisSettings) -> None:
    quick = notify_settings(settings, stream_heartbeat_seconds=0.1)
    async with serving(quick) as (client, _), listening(client) as hoa:
        async for line in hoa.lines:
            if line.startswith(": ping"):
                break
