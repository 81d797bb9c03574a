"""notify put together: facts of the other services in, notices out."""

from datetime import timedelta
from importlib.metadata import version

from fastapi import FastAPI
from prometheus_client import Counter, Gauge

from services.chassis.asyncapi import asyncapi_specification
from services.chassis.foundation import Foundation, lay_foundation
from services.chassis.health import Heartbeat
from services.chassis.service import Service, new_app
from services.events import EVENTS
from services.notify.api import inbox_router
from services.notify.handlers import Notify
from services.notify.settings import NotifySettings
from services.notify.store import Store
from services.notify.stream import Live
from services.notify.webhook.api import webhook_router
from services.notify.webhook.deliveries import Deliveries
from services.notify.webhook.outbound import Outbound
from services.notify.webhook.store import WebhookStore

NAME = "notify"
TOPICS = ("office", "documents", "assignments")
HEARS = tuple(each for each in EVENTS if each.topic in TOPICS)
SAYS = tuple(each for each in EVENTS if each.producer == NAME)


def build(settings: NotifySettings) -> Service:
    foundation = lay_foundation(settings, NAME)
    store = Store(foundation.database, foundation.journal, foundation.copies)
    webhooks = WebhookStore(foundation.database)
    news = timedelta(hours=settings.news_hours)
    notify = Notify(store, webhooks, foundation.journal, foundation.copies, foundation.erasures, news)
    deliveries = _deliveries(settings, foundation, webhooks, notify)
    notify.deliveries_wait = deliveries.wake
    connected = Gauge("vanthu_live_streams", "Inboxes open at this moment.", registry=foundation.metrics.registry)
    live = Live(settings, store, connected)
    foundation.add_relay()
    foundation.add_consumer(TOPICS, HEARS, notify.hear)
    foundation.parts += [deliveries, live]
    app = _app(settings, foundation)
    app.include_router(inbox_router(settings, foundation.staff, store, notify, live))
    app.include_router(webhook_router(settings, foundation.staff, webhooks, deliveries))

    async def prepare() -> None:
        await foundation.prepare()
        await store.prepare()
        await webhooks.prepare()

    return Service(NAME, app, foundation.health, foundation.metrics, foundation.first, prepare, foundation.parts)


def _deliveries(settings: NotifySettings, foundation: Foundation, store: WebhookStore, notify: Notify) -> Deliveries:
    heartbeat = Heartbeat("webhooks")
    foundation.health.live_checks.append(heartbeat.verdict)
    attempts = Counter(
        "vanthu_webhook_attempts",
        "Webhook requests by what follows.",
        ("verdict",),
        registry=foundation.metrics.registry,
    )

    def outbound() -> Outbound:
        return Outbound(
            allow_private=settings.webhook_allow_private_addresses,
            timeout_seconds=settings.webhook_timeout_seconds,
            ca_file=settings.webhook_ca_file,
        )

    return Deliveries(settings, store, outbound, notify.is_news, notify.fail, heartbeat, attempts)


def _app(settings: NotifySettings, foundation: Foundation) -> FastAPI:
    release = version("vanthu")
    return new_app(
        settings,
        foundation.health,
        foundation.metrics,
        title="Vanthu notify",
        description="Tells people what awaits them: an inbox, its live stream, and signed webhooks.",
        version=release,
        may_look=lambda credential: foundation.staff.viewer_of(credential.secret),
        asyncapi=asyncapi_specification(NAME, release, SAYS, HEARS),
    )
