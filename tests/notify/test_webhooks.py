"""Signed webhooks to real receivers on loopback: at least once, under one id, and nobody delays another."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import structlog.testing
from standardwebhooks.webhooks import WebhookVerificationError

from services.chassis.settings import ChassisSettings
from services.events import AssignmentWithdrawn, DocumentCompleted
from services.notify.app import build
from services.notify.webhook.payload import Subscriber, trial_delivery
from services.notify.webhook.store import WebhookStore
from tests.eventually import eventually
from tests.harness import as_bearer, running, speaker
from tests.notify.desk import Desk, desk, inbox, notify_settings, open_notify
from tests.notify.facts import CANARY, said
from tests.notify.receiver import answering, hang, receiver
from tests.offices import HA_TINH, NGHE_AN, introduce_offices, token

WEBHOOKS = "/notify/api/v1/webhooks"
ADMIN = as_bearer(token("admin"))
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
NEARLY_SECONDS = 3.0
QUICK: dict[str, Any] = {
    "webhook_allow_private_addresses": True,
    "webhook_backoff_seconds": (0.05, 0.05),
    "webhook_poll_seconds": 0.05,
    "webhook_lease_seconds": 0.5,
    "webhook_timeout_seconds": 5,
}


@asynccontextmanager
async def office(settings: ChassisSettings, **more: Any) -> AsyncIterator[tuple[httpx.AsyncClient, Desk]]:
    async with desk(settings) as other, open_notify(notify_settings(settings, **(QUICK | more))) as client:
        yield client, other


async def subscribe(client: httpx.AsyncClient, url: str, where: str = HA_TINH, **more: Any) -> dict[str, Any]:
    headers = as_bearer(token("admin", where))
    answer = await client.post(WEBHOOKS, json={"url": url, **more}, headers=headers)
    assert answer.status_code == 201, answer.text
    result: dict[str, Any] = answer.json()
    return result


async def log(client: httpx.AsyncClient, webhook: dict[str, Any]) -> list[dict[str, Any]]:
    answer = await client.get(f"{WEBHOOKS}/{webhook['id']}/deliveries", headers=ADMIN)
    assert answer.status_code == 200
    result: list[dict[str, Any]] = answer.json()["deliveries"]
    return result


async def settled(client: httpx.AsyncClient, webhook: dict[str, Any], *statuses: str) -> list[dict[str, Any]]:
    async def all_there() -> list[dict[str, Any]]:
        deliveries = await log(client, webhook)
        return deliveries if sorted(each["status"] for each in deliveries) == sorted(statuses) else []

    return await eventually(all_there)


async def test_an_assignment_is_posted_with_a_signature_that_verifies(settings: ChassisSettings) -> None:
    service = build(notify_settings(settings, **QUICK))
    async with receiver() as here, speaker(settings, "routing") as routing, running(service) as client:
        await introduce_offices(settings, "notify")
        webhook = await subscribe(client, here.url)
        await routing.say(said(), said(document_id="d2", office=NGHE_AN))
        (request,) = await here.wait(1)
        payload = request.verified(webhook["secret"])
        assert payload["type"] == "vanthu.document-assigned.v1"
        assert payload["data"] == {
            "office": HA_TINH, "document_id": "d1", "version": 1, "epoch": 0, "book": "incoming", "year": 2026,
            "number": 123, "urgency": "normal", "status": "assigned", "lead_unit_id": "NC", "due_on": "2026-02-12",
        }  # fmt: skip
        with pytest.raises(WebhookVerificationError):
            request.verified("whsec_" + "A" * 44)
        (delivery,) = await settled(client, webhook, "delivered")
        assert delivery["id"] == request.id
        assert [each["status"] for each in delivery["attempts"]] == [204]
        assert len(here.requests) == 1


async def test_a_failed_attempt_is_repeated_under_the_same_id(settings: ChassisSettings) -> None:
    async with receiver(answering(500, 302, 204)) as here, office(settings) as (client, notify):
        webhook = await subscribe(client, here.url)
        await notify.hear(said(), said())
        (delivery,) = await settled(client, webhook, "delivered")
        assert [each["status"] for each in delivery["attempts"]] == [500, 302, 204]
        assert len({each.id for each in here.requests}) == 1
        await notify.hear(said())
        assert len(await log(client, webhook)) == 1


async def test_a_delivery_that_fails_for_good_is_said_and_logged(settings: ChassisSettings) -> None:
    async with receiver(answering(503)) as here, office(settings) as (client, notify):
        webhook = await subscribe(client, here.url)
        await notify.hear(said())
        (delivery,) = await settled(client, webhook, "failed")
        assert [each["status"] for each in delivery["attempts"]] == [503, 503, 503]
        events = await notify.journal()
        assert [row["type"] for row in events] == ["vanthu.notice-sent.v1", "vanthu.notice-failed.v1"]
        assert delivery["id"] in events[1]["value"]


async def test_a_receiver_that_is_gone_is_switched_off(settings: ChassisSettings) -> None:
    async with receiver(answering(410)) as here, office(settings) as (client, notify):
        webhook = await subscribe(client, here.url)
        await notify.hear(said())
        await settled(client, webhook, "failed")

        async def switched_off() -> bool:
            return not (await client.get(f"{WEBHOOKS}/{webhook['id']}", headers=ADMIN)).json()["active"]

        await eventually(switched_off)
        await notify.hear(said(version=2, lead="lan"))
        assert len(await log(client, webhook)) == 1


async def test_a_hanging_receiver_delays_nobody_else(settings: ChassisSettings) -> None:
    async with receiver(hang) as stuck, receiver() as here, office(settings) as (client, notify):
        await subscribe(client, stuck.url)
        await subscribe(client, here.url)
        await notify.hear(*(said(document_id=f"d{number}") for number in range(30)))
        await here.wait(30, seconds=4)
        assert len({each.id for each in here.requests}) == 30


async def test_a_redirect_is_not_followed(settings: ChassisSettings) -> None:
    async with (
        receiver() as target,
        receiver(answering(307, headers={"Location": target.url})) as here,
        office(settings, webhook_backoff_seconds=()) as (client, notify),
    ):
        webhook = await subscribe(client, here.url)
        await notify.hear(said())
        await settled(client, webhook, "failed")
        assert (len(here.requests), len(target.requests)) == (1, 0)


@pytest.mark.parametrize("url", ["http://localhost:1/", "https://127.0.0.1/", "https://169.254.169.254/latest/"])
async def test_private_addresses_are_refused_by_default(settings: ChassisSettings, url: str) -> None:
    async with office(settings, webhook_allow_private_addresses=False) as (client, _):
        answer = await client.post(WEBHOOKS, json={"url": url}, headers=ADMIN)
        assert (answer.status_code, answer.json()["field"]) == (422, "/url")


async def test_a_name_that_leads_inside_is_refused_at_each_attempt(settings: ChassisSettings) -> None:
    async with receiver() as here, office(settings) as (client, _):
        webhook = await subscribe(client, here.url.replace("http:", "https:"))
    closed = office(settings, webhook_allow_private_addresses=False, webhook_backoff_seconds=())
    async with receiver() as here, closed as (client, notify):
        address = "https://inside.example:8443/"
        await notify.webhooks.subscribers.update_one({"_id": webhook["id"]}, {"$set": {"url": address}})
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(
                asyncio.get_running_loop(), "getaddrinfo", resolving("inside.example", "10.0.0.7"), raising=False
            )
            await notify.hear(said())
            (delivery,) = await settled(client, webhook, "failed")
        assert "private address" in delivery["attempts"][0]["error"]
        assert here.requests == []


def resolving(name: str, address: str) -> Any:
    real = asyncio.get_running_loop().getaddrinfo

    async def getaddrinfo(host: Any, port: Any, **more: Any) -> Any:
        return [(2, 1, 6, "", (address, port))] if host == name else await real(host, port, **more)

    return getaddrinfo


async def test_restricted_documents_and_their_subjects_go_nowhere(settings: ChassisSettings) -> None:
    with structlog.testing.capture_logs() as logs:
        async with receiver() as here, office(settings) as (client, notify):
            webhook = await subscribe(client, here.url)
            await notify.hear(said(restricted=True, subject=CANARY, note=CANARY), said(document_id="d2", number=2))
            await settled(client, webhook, "delivered")
            assert [request.verified(webhook["secret"])["data"]["number"] for request in here.requests] == [2]
            page = await inbox(client, "hoa")
            assert page["unread"] == 2
            assert CANARY not in str(page)
            assert CANARY not in str(logs)
            assert all(CANARY not in str(row) for row in await notify.journal())


async def test_what_is_older_than_a_day_reaches_the_inbox_only(settings: ChassisSettings) -> None:
    async with receiver() as here, office(settings) as (client, notify):
        webhook = await subscribe(client, here.url)
        await notify.hear(said(age=timedelta(hours=25)), said(document_id="d2", number=2, age=timedelta(hours=23)))
        await settled(client, webhook, "delivered")
        assert (await inbox(client, "hoa"))["unread"] == 2
        assert len(here.requests) == 1


async def test_what_became_older_than_a_day_while_it_waited_is_not_sent_any_more(settings: ChassisSettings) -> None:
    async with receiver() as here, desk(settings) as notify:
        subscriber = Subscriber(
            "s", HA_TINH, here.url, "whsec_" + "A" * 43 + "=", frozenset({said().type}), True, LONG_AGO
        )
        await notify.webhooks.add(subscriber, "admin")
        nearly_old = timedelta(hours=24) - timedelta(seconds=NEARLY_SECONDS)
        await notify.hear(said(age=nearly_old), said(document_id="d2", number=2))
        await asyncio.sleep(NEARLY_SECONDS)  # nobody sends meanwhile, as when MongoDB is away
        async with open_notify(notify_settings(settings, **QUICK)) as client:
            await settled(client, {"id": subscriber.id}, "delivered", "skipped")
        assert [json.loads(each.body)["data"]["document_id"] for each in here.requests] == ["d2"]


async def test_a_withdrawn_assignment_is_not_announced_as_new(settings: ChassisSettings) -> None:
    async with receiver() as here, office(settings) as (client, notify):
        webhook = await subscribe(client, here.url)
        await notify.hear(said(), said(AssignmentWithdrawn, version=2))
        await settled(client, webhook, "delivered", "skipped")
        assert [request.verified(webhook["secret"])["type"] for request in here.requests] == [
            "vanthu.assignment-withdrawn.v1"
        ]
        assert await notify.told() == {"awaits_you": {"hoa"}, "withdrawn": {"hoa"}}


async def test_a_kill_between_sending_and_marking_sends_again_under_the_same_id(
    settings: ChassisSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle = WebhookStore.settle
    killed: list[str] = []

    async def die_once(self: WebhookStore, *args: Any) -> bool:
        if not killed:
            killed.append("here")
            raise RuntimeError("killed")
        return await settle(self, *args)

    monkeypatch.setattr(WebhookStore, "settle", die_once)
    async with receiver() as here, office(settings) as (client, notify):
        webhook = await subscribe(client, here.url)
        await notify.hear(said())
        await settled(client, webhook, "delivered")
        assert len(here.requests) == 2
        assert len({each.id for each in here.requests}) == 1


async def test_two_replicas_do_not_send_at_once(settings: ChassisSettings) -> None:
    second = notify_settings(settings, **(QUICK | {"instance": "second", "webhook_lease_seconds": 20}))
    async with (
        receiver() as here,
        office(settings, webhook_lease_seconds=20) as (client, notify),
        running(build(second)),
    ):
        await subscribe(client, here.url)
        await notify.hear(*(said(document_id=f"d{number}") for number in range(60)))
        await here.wait(60)
        await asyncio.sleep(0.3)
        assert len(here.requests) == len({each.id for each in here.requests}) == 60


async def test_a_delivery_put_off_by_a_clock_that_ran_ahead_is_not_waited_for(settings: ChassisSettings) -> None:
    async with receiver() as here, desk(settings) as notify, open_notify(notify_settings(settings, **QUICK)) as client:
        await subscribe(client, here.url)
        tomorrow = datetime.now(UTC) + timedelta(days=1)
        (subscriber,) = await notify.webhooks.of_office(HA_TINH)
        await notify.webhooks.keep([trial_delivery(subscriber, "d1", tomorrow)])
        await here.wait(1)


async def test_subscribers_get_the_kinds_of_events_they_chose(settings: ChassisSettings) -> None:
    async with receiver() as here, office(settings) as (client, notify):
        webhook = await subscribe(client, here.url, event_types=["vanthu.document-completed.v1"])
        await notify.hear(said(), said(DocumentCompleted, version=2))
        await settled(client, webhook, "delivered")
        assert (await log(client, webhook))[0]["event_type"] == "vanthu.document-completed.v1"


async def test_a_test_event_shows_whether_it_works(settings: ChassisSettings) -> None:
    async with receiver() as here, office(settings) as (client, _):
        webhook = await subscribe(client, here.url)
        answer = await client.post(f"{WEBHOOKS}/{webhook['id']}/test", headers=ADMIN)
        assert answer.status_code == 202
        (request,) = await here.wait(1)
        assert request.id == answer.json()["delivery_id"]
        assert request.verified(webhook["secret"])["type"] == "vanthu.webhook-test.v1"


async def test_webhooks_belong_to_the_administrators_of_their_office(settings: ChassisSettings) -> None:
    async with office(settings) as (client, notify):
        webhook = await subscribe(client, "https://example.org/hook")
        one = f"{WEBHOOKS}/{webhook['id']}"
        for person in ("clerk", "leader", "hoa"):
            assert (await client.get(WEBHOOKS, headers=as_bearer(token(person)))).status_code == 403
        far = as_bearer(token("admin", NGHE_AN))
        assert (await client.get(WEBHOOKS, headers=far)).json() == []
        for answer in (
            await client.get(one, headers=far),
            await client.delete(one, headers=far),
            await client.post(f"{one}/test", headers=far),
            await client.get(f"{one}/deliveries", headers=far),
        ):
            assert answer.status_code == 404
        listed = (await client.get(WEBHOOKS, headers=ADMIN)).json()
        assert [each["id"] for each in listed] == [webhook["id"]]
        assert "secret" not in listed[0]
        assert (await client.delete(one, headers=ADMIN)).status_code == 204
        assert (await client.get(one, headers=ADMIN)).status_code == 404
        row = await notify.webhooks.subscribers.find_one({"_id": webhook["id"]})
        assert row is not None
        assert row["secret"] == ""


async def test_an_unknown_kind_of_event_is_a_problem(settings: ChassisSettings) -> None:
    async with office(settings) as (client, _):
        body = {"url": "https://example.org/", "event_types": ["vanthu.secrecy-incident-raised.v1"]}
        answer = await client.post(WEBHOOKS, json=body, headers=ADMIN)
        assert (answer.status_code, answer.json()["field"]) == (422, "/event_types")
