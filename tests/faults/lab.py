"""An installation of real processes to break: its replicas, its office, its senders, and the judge at the end."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pymongo import MongoClient

from services.embedded import Endpoints
from tests.cli.vanthu import OFFICE_FILE, Vanthu, new_vanthu
from tests.faults.evidence import SERVICES, Place, gather, kafka, lags, unsent
from tests.faults.ledger import Ledger, histories
from tests.faults.load import Senders
from tests.faults.oracle import Poison, judge, told
from tests.faults.replica import Replica, Usage

OFFICE = "vpubnd"
SCANNERS = ("scan-1", "scan-2")
OUTGOING = "out-1"
READERS = ("routing", "notify", "reporting")
QUIET_SECONDS, LOOK_SECONDS = 30.0, 0.5
MOST_GROWTH = Usage(memory_mb=150.0, handles=450)  # of 200 uploads at once: a connection and a file each
MOST_KEPT_HANDLES = 40  # of pools to one MongoDB and one Kafka; of an upload nothing stays
LET_GO_SECONDS = 20.0


@dataclass
class Lab:
    vanthu: Vanthu
    place: Place
    ledger: Ledger
    keys: dict[str, str]
    token: str
    folder: Path
    replicas: dict[str, Replica] = field(default_factory=dict)
    most_growth: Usage = MOST_GROWTH
    most_kept_handles: int = MOST_KEPT_HANDLES

    def replica(self, name: str, *services: str, **env: str) -> Replica:
        """A new one, not started yet. `env` replaces what all have."""
        result = Replica(name, services, {**self.vanthu.env, "VANTHU_DATA": str(self.place.data), **env}, self.folder)
        self.replicas[name] = result
        return result

    def senders(self, seed: int) -> Senders:
        return Senders(self.ledger, self.intakes, self.keys, seed)

    def intakes(self) -> Sequence[str]:
        """Where devices may post: replicas that have been started, whether they live or not."""
        return [each.url for each in self.replicas.values() if "intake" in each.services and each.process]

    async def start(self, *replicas: Replica) -> None:
        for each in replicas:
            each.start()
        await asyncio.gather(*(each.until_ready() for each in replicas))

    async def until_quiet(self, seconds: float = QUIET_SECONDS) -> float:
        """How long it took until every event was sent and read, in seconds."""
        started = time.monotonic()
        still_since: float | None = None
        while True:
            looked = time.monotonic()
            waiting = await self._waiting()
            if any(waiting.values()):
                still_since = None
            elif still_since is None:
                still_since = looked
            else:  # what is read between the two questions of one look makes new events: the next look sees them
                return still_since - started
            assert looked - started < seconds, f"not quiet after {seconds} s: {waiting}"
            await asyncio.sleep(0.2)

    async def _waiting(self) -> dict[str, int]:
        before = await asyncio.to_thread(unsent, self.place)
        lag = sum((await lags(self.place)).values())
        return {**before, "lag": lag, "unsent after that": sum((await asyncio.to_thread(unsent, self.place)).values())}

    async def judge(
        self, *, poison: Collection[Poison] = (), settled: bool = True, erased: Collection[str] = ()
    ) -> dict[str, Any]:
        """Fails with the whole story where the promise is broken; else what was judged."""
        known, evidence = histories(self.ledger.path), await gather(self.place)
        breaches = judge(known, evidence, poison=poison, settled=settled, erased=erased)
        assert not breaches, told(breaches, known, evidence)
        outcomes = [each.outcome for each in known.values()]
        return self._growth() | {
            "handles kept": max([await self._let_go(each) for each in self.replicas.values()], default=0),
            "documents": len(evidence.documents),
            "ok": outcomes.count("ok"),
            "refused": outcomes.count("refused"),
            "attempts without an answer": sum(each.outcomes.count("unknown") for each in known.values()),
        }

    async def watch(self) -> None:
        """What the processes hold, as long as the lab is open."""
        while True:
            for each in self.replicas.values():
                each.look()
            await asyncio.sleep(LOOK_SECONDS)

    async def _let_go(self, replica: Replica) -> int:
        """How many handles more than when it was ready it keeps after all work. Fails where they do not become few."""
        ends = time.monotonic() + LET_GO_SECONDS
        while (kept := replica.kept_handles()) > self.most_kept_handles:
            assert time.monotonic() < ends, f"{replica.name} keeps {kept} handles more than at its start after all work"
            await asyncio.sleep(LOOK_SECONDS)
        return kept

    def _growth(self) -> dict[str, float]:
        """The most that any process has grown since it was ready. Fails where that is more than work needs."""
        for name, each in self.replicas.items():
            grown = each.most_growth
            assert grown.memory_mb <= self.most_growth.memory_mb, f"{name} grew by {grown.memory_mb:.0f} MB"
            handles = grown.handles
            assert handles <= self.most_growth.handles, f"{name} held {handles} handles more than at its start"
        most = [each.most_growth for each in self.replicas.values()]
        memory_mb, handles = max(each.memory_mb for each in most), max(each.handles for each in most)
        return {"memory growth, MB": round(memory_mb, 1), "more handles": handles}


@asynccontextmanager
async def opened_lab(
    servers: Endpoints,
    folder: Path,
    *,
    data: Path | None = None,
    replication: int = 1,
    env: Mapping[str, str] | None = None,
) -> AsyncIterator[Lab]:
    """An installation of its own with an office, devices and a clerk. All its processes are ended afterwards.

    `env` is for all of them, also for `vanthu`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    vanthu = await asyncio.to_thread(new_vanthu, servers, folder, replication=replication)
    vanthu.env |= {"VANTHU_LOG_LEVEL": "INFO", **(env or {})}
    if data:
        vanthu.data = data
    lab = await asyncio.to_thread(_furnished, vanthu, servers, folder)
    lab.most_kept_handles *= replication  # a pool to each member
    watching = asyncio.create_task(lab.watch())
    try:
        yield lab
    finally:
        watching.cancel()
        for replica in lab.replicas.values():
            if replica.alive:
                replica.thaw()
            replica.kill()
        lab.ledger.close()
        with contextlib.suppress(asyncio.CancelledError):
            await watching


async def removed(place: Place) -> None:
    """Its databases and topics: hundreds of them would slow down whatever comes later."""
    with MongoClient[dict[str, Any]](place.mongo_url) as client:
        for name in client.list_database_names():
            if name.startswith(place.prefix):
                client.drop_database(name)
    async with kafka(place) as (_, admin):
        await admin.delete_topics([each for each in await admin.list_topics() if each.startswith(place.prefix)])


def _furnished(vanthu: Vanthu, servers: Endpoints, folder: Path) -> Lab:
    vanthu.data.mkdir(parents=True, exist_ok=True)
    vanthu.run("office", "load", str(OFFICE_FILE), "--yes")
    keys = {each: vanthu.json("key", "create", "--office", OFFICE, "--device", each)["key"] for each in SCANNERS}
    keys[OUTGOING] = vanthu.json("key", "create", "--office", OFFICE, "--device", OUTGOING, "--door", "outgoing")["key"]
    token = vanthu.json("token", "create", "--office", OFFICE, "--person", "van-thu")["token"]
    prefix = vanthu.env["VANTHU_MONGO_DATABASE_PREFIX"]
    place = Place(servers.mongo_url, servers.kafka_bootstrap, prefix, vanthu.data, OFFICE)
    return Lab(vanthu, place, Ledger(folder / "ledger.jsonl"), keys, token, folder)


__all__ = ["OFFICE", "OUTGOING", "READERS", "SCANNERS", "SERVICES", "Lab", "opened_lab", "removed"]
