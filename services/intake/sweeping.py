"""Behind intake: the register log gets what a crash left out, and files that belong to nothing go to the trash."""

import asyncio
import contextlib
import time
from collections.abc import Sequence
from pathlib import Path

from pymongo.errors import PyMongoError

from services.chassis.logs import logger
from services.chassis.mongo import Row
from services.intake.documents import log_line
from services.intake.files import PART_SUFFIX, LocalFiles
from services.intake.in_flight import is_held
from services.intake.register_log import RegisterLog
from services.intake.settings import IntakeSettings
from services.intake.store import Register

FORGET_SECONDS = 1.0
LEFT_OUT_SECONDS = 30.0
ORPHANS_SECONDS = 3600.0
ORPHANS_AT_A_TIME = 1000


class Sweeping:
    def __init__(self, settings: IntakeSettings, register: Register, log: RegisterLog, files: LocalFiles) -> None:
        self._settings = settings
        self._register = register
        self._log = log
        self._files = files
        self._logged: list[str] = []
        self._task: asyncio.Task[None] | None = None

    def logged(self, batch: str) -> None:
        """The batch's lines are on the disk; its row goes soon."""
        self._logged.append(batch)

    async def start(self) -> None:
        await self.log_left_out()
        self._task = asyncio.create_task(self._run(), name="intake-sweeping")

    async def stop(self) -> None:
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        with contextlib.suppress(PyMongoError):
            await self._forget()

    async def log_left_out(self, *, older_seconds: float = 0) -> int:
        """Write what a crash or an unclear commit left out of the register log; how many batches that were."""
        total = 0
        while batches := await self._register.not_logged(older_seconds=older_seconds):
            await self._write(batches)
            total += len(batches)
        if total:
            logger("intake").info("register log completed", batches=total)
        return total

    async def _write(self, batches: Sequence[Row]) -> None:
        rows = await self._register.documents_of(batches)
        await self._log.append([log_line(row) for row in rows])
        await self._register.forget_logged([each["_id"] for each in batches])

    async def _forget(self) -> None:
        batches, self._logged = self._logged, []
        if batches:
            try:
                await self._register.forget_logged(batches)
            except PyMongoError:
                self._logged += batches
                raise

    async def _run(self) -> None:
        left_out_at = orphans_at = time.monotonic()
        while True:
            await asyncio.sleep(FORGET_SECONDS)
            now = time.monotonic()
            try:
                await self._forget()
                await self._log.obey_erasures()
                if now - left_out_at > LEFT_OUT_SECONDS:
                    left_out_at = now
                    await self.log_left_out(older_seconds=LEFT_OUT_SECONDS)
                if now - orphans_at > ORPHANS_SECONDS and self._settings.sweep_orphans:
                    orphans_at = now
                    await self.sweep_orphans()
            except (PyMongoError, OSError) as error:
                logger("intake").warning("sweeping waits", cause=type(error).__name__)

    async def sweep_orphans(self) -> int:
        """Files of no document that are old enough go to the trash, and the trash's oldest go for good.

        Nothing moves while sweeping is off after a restore.
        """
        if not await self._register.may_sweep():
            return 0
        old = await asyncio.to_thread(list, self._files.older_than(self._settings.orphan_hours * 3600))
        swept = 0
        for first in range(0, len(old), ORPHANS_AT_A_TIME):
            swept += await self._sweep(old[first : first + ORPHANS_AT_A_TIME])
        await asyncio.to_thread(self._files.empty_trash, self._settings.trash_days * 86400)
        if swept:
            logger("intake").info("files without a document went to the trash", files=swept)
        return swept

    async def _sweep(self, paths: Sequence[Path]) -> int:
        """Their age is by a clock, which may jump: what an upload holds is none, and is looked for before the register."""
        free = await asyncio.to_thread(lambda: [path for path in paths if not is_held(path)])
        known = await self._register.known([path.name for path in free if path.suffix != PART_SUFFIX])
        orphans = [path for path in free if path.name not in known]
        for path in orphans:
            await asyncio.to_thread(self._files.throw_away, path)
        return len(orphans)
