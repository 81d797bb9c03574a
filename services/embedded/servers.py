"""Starts what the office's machine lacks: Kafka, MongoDB, both or neither."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from services.embedded.folder import DataFolder
from services.embedded.kafka import Kafka
from services.embedded.mongod import Mongod
from services.embedded.process import ServerProcess

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Endpoints:
    mongo_url: str
    kafka_bootstrap: str


class EmbeddedServers:
    """A server whose address is given is not started: that address is used as it is."""

    def __init__(
        self,
        data: Path,
        *,
        mongo_url: str | None = None,
        kafka_bootstrap: str | None = None,
        say: Callable[[str], None] = log.info,
    ) -> None:
        self._folder = DataFolder(data)
        self._mongo_url = mongo_url
        self._kafka_bootstrap = kafka_bootstrap
        self._mongod = None if mongo_url else Mongod(self._folder, say)
        self._kafka = None if kafka_bootstrap else Kafka(self._folder, say)
        self._endpoints: Endpoints | None = None

    def start(self) -> Endpoints:
        """Blocks until both answer. On failure nothing is left running and EmbeddedError says what to do."""
        if self._endpoints is None:
            try:
                self._start_missing()
            except BaseException:
                self.stop()
                raise
            self._endpoints = self._addresses()
        return self._endpoints

    def _start_missing(self) -> None:
        # Step by step for both: what can be refused is refused before anything runs.
        servers = self._servers()
        if servers:
            self._folder.claim()
        for server in servers:
            server.prepare()
        for server in servers:
            server.launch()
        for server in servers:
            server.await_ready()

    def _addresses(self) -> Endpoints:
        return Endpoints(
            mongo_url=self._mongo_url or (self._mongod.url if self._mongod else ""),
            kafka_bootstrap=self._kafka_bootstrap or (self._kafka.address if self._kafka else ""),
        )

    def stop(self) -> None:
        """Blocks until both have ended; may be called at any time and any number of times."""
        for server in self._servers():
            server.process.ask_to_stop()
        for server in self._servers():
            server.process.wait_until_stopped()
        self._folder.release()
        self._endpoints = None

    def processes(self) -> dict[str, int]:
        pids = {server.process.name: server.process.pid for server in self._servers()}
        return {name: pid for name, pid in pids.items() if pid is not None}

    def ended(self) -> list[str]:
        """Names of the servers that were started and have ended by themselves."""
        return [process.name for process in self._ended()]

    def told_of_ended(self) -> str:
        """The same in words, with where their logs are; nothing where none has."""
        ended = self._ended()
        logs = " and ".join(str(process.log) for process in ended)
        return f"{' and '.join(each.name for each in ended)} ended unexpectedly; see {logs}." if ended else ""

    def _ended(self) -> list[ServerProcess]:
        processes = [server.process for server in self._servers()]
        return [each for each in processes if each.pid is not None and not each.running]

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _servers(self) -> list[Mongod | Kafka]:
        return [server for server in (self._mongod, self._kafka) if server is not None]
