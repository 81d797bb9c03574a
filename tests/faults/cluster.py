"""Three mongods in one replica set and three brokers in one Kafka, each a process to stop, kill and start again.

Whatever starts one is called from the main thread, or it would outlive a test run that is killed (`end_with_parent`).
"""

import logging
import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from unittest.mock import patch

from pymongo import MongoClient
from pymongo.errors import PyMongoError

from services.embedded import Endpoints
from services.embedded.folder import DataFolder
from services.embedded.kafka import Kafka, new_cluster_id
from services.embedded.mongod import Mongod

NODES = 3
HEAP_MB = 384
CACHE_GB = 0.25
OPLOG_MB = 256
PRIMARY_SECONDS = 120.0
ELECTION_SECONDS = 60.0
STEPPED_DOWN_SECONDS = 10
CATCH_UP_SECONDS = 1  # less than a client waits for its answer
SETTLED_LOOKS = 30
KILL_SECONDS = 30.0
PAUSE_SECONDS = 0.1
say = logging.getLogger(__name__).info


class MongoSet:
    def __init__(self, folders: Sequence[DataFolder]) -> None:
        self.members = [Mongod(each, say, cache_gb=CACHE_GB, oplog_mb=OPLOG_MB) for each in folders]

    def start(self, environments: Sequence[Mapping[str, str]] = ()) -> None:
        """`environments` are the members' own, in their order."""
        for each in self.members:
            each.prepare()
        for place, each in enumerate(self.members):
            each.join([member.address for member in self.members])
            with patch.dict(os.environ, environments[place] if environments else {}):
                each.launch()
        self.members[0].await_ready()

    def heal(self) -> None:
        """Every member runs, none is frozen, and one of them is primary."""
        _heal(self.members)
        self.primary()

    @property
    def url(self) -> str:
        return self.members[0].url

    def primary(self, among: Sequence[Mongod] | None = None) -> Mongod:
        """Whoever of them says that it is primary, as soon as one does; the frozen say nothing."""
        ends = time.monotonic() + PRIMARY_SECONDS
        while True:
            for each in among or self.members:
                if _is_primary(each):
                    return each
            assert time.monotonic() < ends, f"no primary after {PRIMARY_SECONDS:g} s"
            time.sleep(PAUSE_SECONDS)

    def settled_primary(self) -> Mongod:
        """Who has been primary for a while, at the end of whatever elections there were."""
        known, looks = self.primary(), 0
        while looks < SETTLED_LOOKS:
            time.sleep(PAUSE_SECONDS)
            before, known = known, self.primary()
            looks = looks + 1 if known is before else 0
        return known

    def step_down(self) -> None:
        """The primary gives up, and another election has been won when this returns.

        It is asked again as long as it refuses, because nobody has caught up, or no answer comes.
        """
        before = self.term()

        def is_over() -> bool:
            with suppress(PyMongoError), direct(self.primary()) as client:
                if _term(client) > before:
                    return True
                client.admin.command(
                    "replSetStepDown", STEPPED_DOWN_SECONDS, secondaryCatchUpPeriodSecs=CATCH_UP_SECONDS
                )
            return False

        until(is_over, ELECTION_SECONDS, "another primary")

    def term(self) -> int:
        """Of the election that made the present primary, who is asked again as long as no answer comes."""
        found: list[int] = []

        def has_answered() -> bool:
            with suppress(PyMongoError), direct(self.primary()) as client:
                found.append(_term(client))
            return bool(found)

        until(has_answered, ELECTION_SECONDS, "a primary that says its term")
        return found[0]


class KafkaBrokers:
    def __init__(self, folders: Sequence[DataFolder]) -> None:
        self.nodes = [Kafka(each, say, node_id=id, heap_mb=HEAP_MB) for id, each in enumerate(folders, 1)]

    def start(self) -> None:
        for each in self.nodes:
            each.prepare()
        cluster_id = new_cluster_id()
        for each in self.nodes:
            each.join([node.node for node in self.nodes], cluster_id)
        self.launch()

    def launch(self) -> None:
        """Start those that do not run, on their data; returns when each knows all."""
        for each in self.nodes:
            if not each.process.running:
                each.launch()
        for each in self.nodes:
            each.await_ready()

    def restart_in_turn(self) -> None:
        """Each ends cleanly, with all that it has on its disk, while the others go on."""
        for each in self.nodes:
            each.process.ask_to_stop()
            each.process.wait_until_stopped()
            self.launch()

    def heal(self) -> None:
        self.launch()

    @property
    def bootstrap(self) -> str:
        return ",".join(each.address for each in self.nodes)


class Cluster:
    def __init__(self, folder: Path) -> None:
        places = [DataFolder(folder / f"{name}-{number}") for name in ("mongod", "kafka") for number in range(NODES)]
        self._folders = places
        self.mongo = MongoSet(places[:NODES])
        self.kafka = KafkaBrokers(places[NODES:])
        for each in places:
            each.claim()

    @property
    def endpoints(self) -> Endpoints:
        return Endpoints(self.mongo.url, self.kafka.bootstrap)

    def heal(self) -> None:
        """After a test, whatever it has left undone."""
        self.mongo.heal()
        self.kafka.heal()

    def end(self) -> None:
        servers: list[Mongod | Kafka] = [*self.mongo.members, *self.kafka.nodes]
        for each in servers:
            if each.process.running:
                kill(each)
            each.process.wait_until_stopped()
        for folder in self._folders:
            folder.release()


@contextmanager
def running_cluster(folder: Path) -> Iterator[Cluster]:
    cluster = Cluster(folder)
    try:
        cluster.mongo.start()
        cluster.kafka.start()
        yield cluster
    finally:
        cluster.end()


def freeze(server: Mongod | Kafka) -> None:
    """It keeps its connections and its data, and does nothing."""
    _signal(server, signal.SIGSTOP)


def thaw(server: Mongod | Kafka) -> None:
    _signal(server, signal.SIGCONT)


def kill(server: Mongod | Kafka) -> None:
    _signal(server, signal.SIGKILL)
    until(lambda: not server.process.running, KILL_SECONDS, f"{server.process.name} ends")


def _signal(server: Mongod | Kafka, number: int) -> None:
    assert server.process.pid is not None
    os.kill(server.process.pid, number)


@contextmanager
def direct(member: Mongod) -> Iterator[MongoClient[dict[str, Any]]]:
    """A client of this member alone, whatever its part in the set."""
    options: dict[str, Any] = {"directConnection": True, "readPreference": "secondaryPreferred"}
    with MongoClient[dict[str, Any]](
        f"mongodb://{member.address}/", serverSelectionTimeoutMS=2000, socketTimeoutMS=2000, **options
    ) as client:
        yield client


def _term(client: MongoClient[dict[str, Any]]) -> int:
    return int(client.admin.command("replSetGetStatus")["term"])


def until(there: Callable[[], bool], seconds: float, what: str) -> float:
    """How long it took, in seconds."""
    started = time.monotonic()
    while not there():
        assert time.monotonic() - started < seconds, f"{what}: not within {seconds:g} s"
        time.sleep(PAUSE_SECONDS)
    return time.monotonic() - started


def _heal(servers: Sequence[Mongod]) -> None:
    for each in servers:
        if each.process.running:
            thaw(each)
        else:
            each.launch()


def _is_primary(member: Mongod) -> bool:
    try:
        with direct(member) as client:
            return bool(client.admin.command("hello")["isWritablePrimary"])
    except PyMongoError:
        return False
