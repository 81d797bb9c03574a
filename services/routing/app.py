"""routing put together: documents in, assignments and the office out."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

from services.chassis.asyncapi import asyncapi_specification
from services.chassis.foundation import Foundation, lay_foundation
from services.chassis.service import Service, new_app
from services.chassis.settings import ChassisSettings
from services.events import EVENTS
from services.routing.acting import Acting
from services.routing.api import Api
from services.routing.handlers import Handlers
from services.routing.office_store import OfficeStore
from services.routing.settings import RoutingSettings
from services.routing.store import Store
from services.routing.views import Views

NAME = "routing"
HEARS_TOPICS = ("documents",)
HEARS = tuple(each for each in EVENTS if each.topic in HEARS_TOPICS)
SAYS = tuple(each for each in EVENTS if each.producer == NAME)


def build(settings: RoutingSettings) -> Service:
    foundation = lay_foundation(settings, NAME)
    store, offices = Store(foundation.database), _office_store(foundation)
    views = Views(offices, settings.routing_office_check_seconds)
    handlers = Handlers(store, views, foundation.journal, foundation.erasures, settings.zone)
    foundation.add_relay()
    foundation.add_consumer(HEARS_TOPICS, HEARS, handlers.hear)
    release = version("vanthu")
    app = new_app(
        settings,
        foundation.health,
        foundation.metrics,
        title="Vanthu routing",
        description="Decides who gets each document and by when, keeps the reason, and takes what staff do with it.",
        version=release,
        may_look=lambda credential: foundation.staff.viewer_of(credential.secret),
        asyncapi=asyncapi_specification(NAME, release, SAYS, HEARS),
    )
    app.include_router(Api(foundation.staff, store, views, Acting(store, foundation.journal, settings.zone)).router)

    async def prepare() -> None:
        await foundation.prepare()
        await store.prepare()

    return Service(NAME, app, foundation.health, foundation.metrics, foundation.first, prepare, foundation.parts)


@asynccontextmanager
async def opened_office(settings: ChassisSettings) -> AsyncIterator[OfficeStore]:
    """routing's office for a command; its events are sent by the relay of a running routing."""
    foundation = lay_foundation(settings, NAME)
    try:
        offices = _office_store(foundation)
        await offices.prepare()
        yield offices
    finally:
        foundation.client.close()


def _office_store(foundation: Foundation) -> OfficeStore:
    return OfficeStore(foundation.database, foundation.journal, foundation.copies)
