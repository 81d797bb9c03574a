"""Wall clocks that a test may set while the processes that live by them go on, by libfaketime.

Only the wall clock: monotonic clocks and the times of files stay the kernel's.
"""

import os
import platform
import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from importlib.util import find_spec
from pathlib import Path

import httpx
import pytest
from psutil import pid_exists
from pymongo import MongoClient

from services.embedded.folder import DataFolder
from services.embedded.mongod import Mongod
from tests.eventually import eventually
from tests.faults.cluster import MongoSet
from tests.faults.evidence import Row
from tests.faults.replica import Replica

needs_a_clock = pytest.mark.skipif(
    platform.machine() != "x86_64", reason="libfaketime's package has its library for x86-64 only"
)
NEAR = timedelta(seconds=5)
SHARED_MEMORY = Path("/dev/shm")
DIRECTLY = "/?directConnection=true&readPreference=secondaryPreferred"


class Clock:
    """For processes that are started with its environment. A set clock is seen within about two seconds."""

    def __init__(self, file: Path) -> None:
        self.ahead = timedelta()
        self._file = file
        self.set(self.ahead)

    def set(self, ahead: timedelta) -> None:
        """By how much it is ahead of the real time from now on; a negative time is behind."""
        self.ahead = ahead
        written = self._file.with_suffix(".new")
        written.write_text(f"{ahead.total_seconds():+.0f}\n")
        written.replace(self._file)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    @property
    def environment(self) -> Mapping[str, str]:
        return {
            "LD_PRELOAD": str(_library()),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_CACHE_DURATION": "1",
            "DONT_FAKE_MONOTONIC": "1",
            "FAKETIME_FORCE_MONOTONIC_FIX": "0",  # for older C libraries; with newer ones it makes a database ten times slower
            "NO_FAKE_STAT": "1",
        }

    async def is_mongods(self, member: Mongod) -> None:
        """Returns once this member of the database lives by it."""
        with MongoClient[Row](f"mongodb://{member.address}{DIRECTLY}") as client:

            async def near() -> bool:
                asked = client.admin.aggregate([{"$documents": [{}]}, {"$project": {"now": "$$NOW"}}])
                found: datetime = next(asked)["now"].replace(tzinfo=UTC)
                return abs(found - self.now()) < NEAR

            await eventually(near)

    async def is_of(self, *replicas: Replica) -> None:
        """Returns once these processes live by it: their HTTP answers say so."""
        async with httpx.AsyncClient(timeout=5) as client:
            for replica in replicas:

                async def near(url: str = replica.url) -> bool:
                    answer = await client.get(url)
                    return abs(parsedate_to_datetime(answer.headers["Date"]) - self.now()) < NEAR

                await eventually(near)


def _library() -> Path:
    spec = find_spec("libfaketime")
    assert spec is not None, "the package libfaketime is not installed: run `make test` once"
    assert spec.origin is not None
    found = Path(spec.origin).parent / "vendor" / "libfaketime" / "src" / "libfaketime.so.1"
    assert found.exists(), f"there is no {found}"
    return found


@contextmanager
def mongods_by(clocks: Sequence[Clock], folder: Path) -> Iterator[MongoSet]:
    """A database of the test's own, with a member for each clock that lives by it."""
    folders = [DataFolder(folder / str(place)) for place in range(len(clocks))]
    for each in folders:
        each.claim()
    servers = MongoSet(folders)
    try:
        servers.start([clock.environment for clock in clocks])
        yield servers
    finally:
        for member in servers.members:
            if member.process.pid:
                os.kill(member.process.pid, signal.SIGKILL)  # asked to stop, it waits for its clock to come back
            member.process.wait_until_stopped()
        for each in folders:
            each.release()


def forget_the_dead() -> None:
    """libfaketime's shared memory of processes that were killed: nobody else takes it away."""
    for path in (*SHARED_MEMORY.glob("faketime_shm_*"), *SHARED_MEMORY.glob("sem.faketime_sem_*")):
        if not pid_exists(int(path.name.rpartition("_")[2])):
            path.unlink(missing_ok=True)
