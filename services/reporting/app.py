"""Composition root of reporting: settings in, wired service out."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import PackageNotFoundError, version

from services.chassis.asyncapi import asyncapi_specification
from services.chassis.consume import Consumer
from services.chassis.foundation import Foundation, lay_foundation
from services.chassis.service import Service, new_app
from services.events import EVENTS, TOPICS
from services.reporting.api import Reports
from services.reporting.handlers import Handlers
from services.reporting.lane import Lane
from services.reporting.settings import ReportingSettings
from services.reporting.store import ReportingStore

NAME = "reporting"


def build(settings: ReportingSettings) -> Service:
    foundation = lay_foundation(settings, NAME)
    store = _store(foundation)
    handlers = Handlers(store, foundation.copies, foundation.erasures)
    consumer = foundation.add_consumer(TOPICS, EVENTS, handlers.count_batch)

    async def prepare() -> None:
        await foundation.prepare()
        await store.prepare()

    app = new_app(
        settings,
        foundation.health,
        foundation.metrics,
        title="Vanthu reporting",
        description="One fact per document, the yearly and the standard report, and what stands behind each cell.",
        version=_version(),
        may_look=lambda credential: foundation.staff.viewer_of(credential.secret),
        asyncapi=asyncapi_specification(NAME, _version(), [], EVENTS),
    )
    reports = Reports(settings, store, foundation.copies, foundation.staff, lambda: _unapplied(consumer))
    app.include_router(reports.router)
    return Service(NAME, app, foundation.health, foundation.metrics, foundation.first, prepare, foundation.parts)


@asynccontextmanager
async def opened(settings: ReportingSettings) -> AsyncIterator[ReportingStore]:
    """The store alone, prepared, for a command; closed at the end."""
    foundation = lay_foundation(settings, NAME)
    store = _store(foundation)
    try:
        await store.prepare()
        yield store
    finally:
        foundation.client.close()


def _store(foundation: Foundation) -> ReportingStore:
    lane = Lane(foundation.settings.instance)
    return ReportingStore(foundation.database, foundation.client, foundation.transactions, lane)


def _unapplied(consumer: Consumer) -> int | None:
    return consumer.progress.total_lag if consumer.subscriber.consumer else None


def _version() -> str:
    try:
        return version("vanthu")
    except PackageNotFoundError:
        return "0"
