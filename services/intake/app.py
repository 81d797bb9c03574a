"""intake put together: the only place that constructs."""

import asyncio
from collections.abc import Awaitable, Callable
from importlib.metadata import version

from services.chassis.asyncapi import asyncapi_specification
from services.chassis.epoch import Epochs
from services.chassis.foundation import lay_foundation
from services.chassis.health import Verdict
from services.chassis.service import Service, first_that_knows, new_app
from services.events import EVENTS
from services.intake.api import Api
from services.intake.device_keys import DeviceKeys
from services.intake.files import LocalFiles
from services.intake.handlers import Handlers
from services.intake.period_counts import PeriodCounts
from services.intake.register_log import RegisterLog, highest_numbers
from services.intake.said_numbers import highest_said
from services.intake.seals import Seals
from services.intake.settings import IntakeSettings
from services.intake.store import Register, check_transaction_lifetime
from services.intake.sweeping import Sweeping
from services.intake.writer import Writer

HEARS_TOPICS = ("office", "assignments")
DESCRIPTION = "Receives, numbers and keeps documents. Devices post with their key, staff read with their token."


class AtStop:
    """Something that only has to be done when the service ends."""

    def __init__(self, end: Callable[[], Awaitable[None]]) -> None:
        self._end = end

    async def start(self) -> None:
        return

    async def stop(self) -> None:
        await self._end()


def build(settings: IntakeSettings) -> Service:
    foundation = lay_foundation(settings, "intake")
    database, journal = foundation.database, foundation.journal
    register = Register(database, journal, foundation.transactions, settings.timezone, settings.clock_tolerance_seconds)
    device_keys = DeviceKeys(database)
    period_counts = PeriodCounts(database, journal)
    files = LocalFiles(settings.data_folder / "files", settings.file_threads)
    log = RegisterLog(settings.data_folder / "register")
    sweeping = Sweeping(settings, register, log, files)
    writer = Writer(register, log, settings.max_waiting_documents, sweeping.logged)
    handlers = Handlers(foundation.copies, register)

    hears = [each for each in EVENTS if each.topic in HEARS_TOPICS]
    says = [each for each in EVENTS if each.topic == "documents"]
    foundation.add_relay()
    foundation.add_consumer(HEARS_TOPICS, hears, handlers.hear)
    foundation.health.ready_checks.append(lambda: _store_takes_files(files))

    release = version("vanthu")
    app = new_app(
        settings,
        foundation.health,
        foundation.metrics,
        title="Vanthu intake",
        description=DESCRIPTION,
        version=release,
        may_look=lambda credential: first_that_knows(
            credential, [device_keys.known, lambda each: foundation.staff.viewer_of(each.secret)]
        ),
        asyncapi=asyncapi_specification("intake", release, says, hears),
        streamed_paths=frozenset({"/api/v1/documents", "/api/v1/issued"}),
    )
    Api(settings, register, device_keys, period_counts, files, writer, foundation.staff).add_to(app)
    Seals(register, foundation.staff, settings.zone).add_to(app)

    async def prepare() -> None:
        await check_transaction_lifetime(database)
        await foundation.prepare()
        await register.prepare()
        await register.check_goes_on_from(await asyncio.to_thread(highest_numbers, log.folder), "the register log")
        await register.check_goes_on_from(await highest_said(settings, await Epochs(database).settled()), "Kafka")
        await device_keys.prepare()
        await period_counts.prepare()
        await asyncio.to_thread(files.check)

    async def close() -> None:
        await asyncio.to_thread(log.close)
        await asyncio.to_thread(files.close)

    # stopped from the last to the first: whoever waits is numbered while everything still runs
    parts = [AtStop(close), *foundation.parts, sweeping, AtStop(writer.stop)]
    return Service("intake", app, foundation.health, foundation.metrics, foundation.first, prepare, parts)


async def _store_takes_files(files: LocalFiles) -> Verdict:
    try:
        await asyncio.to_thread(files.check)
    except OSError as error:
        return Verdict("file store", False, f"{type(error).__name__}: check the folder {files.folder} and its disk")
    return Verdict("file store", True)
