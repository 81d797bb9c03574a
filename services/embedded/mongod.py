"""MongoDB as one process: a replica set of one member, because transactions need a replica set."""

from collections.abc import Callable
from typing import Any

from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

from services.embedded.folder import DataFolder
from services.embedded.mongod_binary import MongodBinary, find_mongod, release_of
from services.embedded.ports import LOOPBACK, keep_or_choose
from services.embedded.process import ServerProcess
from services.embedded.ready import wait_until

REPLICA_SET = "vanthu"
NOT_YET_INITIALIZED = 94
CACHE_GB = 1
OPLOG_MB = 1024
# A client killed inside a transaction blocks what it touched for this long; mongod's own value is 60.
TRANSACTION_SECONDS = 5


class Mongod:
    def __init__(self, folder: DataFolder, say: Callable[[str], None]) -> None:
        self.process = ServerProcess("mongod", folder, say)
        self._folder = folder
        self._data = folder.path / "mongod"
        self._say = say
        self._binary: MongodBinary | None = None
        self.port = 0

    def prepare(self) -> None:
        made_with = self._folder.recall("mongod.version.json").get("version")
        self._binary = find_mongod(self._say, data_release=release_of(made_with) if made_with else None)
        self.process.stop_left_over()
        remembered = self._folder.recall("mongod.ports.json").get("mongod")
        self.port = keep_or_choose("mongod", remembered, self._say)
        self._folder.note("mongod.ports.json", {"mongod": self.port})
        self._data.mkdir(exist_ok=True, mode=0o700)
        self._folder.note("mongod.version.json", {"version": made_with or self._binary.version})

    def launch(self) -> None:
        self.process.rotate_log()
        self.process.launch(self._command(), self._data)

    def await_ready(self) -> None:
        wait_until(self._has_this_member, self.process)
        wait_until(self._is_primary, self.process)

    @property
    def url(self) -> str:
        return f"mongodb://{LOOPBACK}:{self.port}/?replicaSet={REPLICA_SET}"

    def _command(self) -> list[str]:
        assert self._binary is not None, "prepare() comes first"
        options = {
            "dbpath": self._data,
            "port": self.port,
            "bind_ip": LOOPBACK,
            "replSet": REPLICA_SET,
            "oplogSize": OPLOG_MB,
            "wiredTigerCacheSizeGB": CACHE_GB,
            "setParameter": f"transactionLifetimeLimitSeconds={TRANSACTION_SECONDS}",
        }
        flags = ["--nounixsocket", "--quiet"]
        return [str(self._binary.path), *flags, *(f"--{name}={value}" for name, value in options.items())]

    def _has_this_member(self) -> bool:
        try:
            with MongoClient[dict[str, Any]](LOOPBACK, self.port, **DIRECT) as client:
                keep_member(client, f"{LOOPBACK}:{self.port}")
        except PyMongoError:
            return False
        return True

    def _is_primary(self) -> bool:
        # A new client: one that saw the server before it had a set goes on believing that it has none.
        try:
            with MongoClient[dict[str, Any]](LOOPBACK, self.port, **DIRECT) as client:
                return bool(client.admin.command("hello")["isWritablePrimary"])
        except PyMongoError:
            return False


DIRECT: dict[str, Any] = {"directConnection": True, "serverSelectionTimeoutMS": 1000}


def keep_member(client: MongoClient[dict[str, Any]], host: str) -> None:
    """Makes the set when there is none, and moves its one member when the port has changed."""
    try:
        config = client.admin.command("replSetGetConfig")["config"]
    except OperationFailure as failure:
        if failure.code != NOT_YET_INITIALIZED:
            raise
        client.admin.command("replSetInitiate", {"_id": REPLICA_SET, "members": [{"_id": 0, "host": host}]})
        return
    if config["members"][0]["host"] != host:
        config["members"][0]["host"] = host
        config["version"] += 1
        # Forced: with its old address in the set, this member is no primary that could agree.
        client.admin.command("replSetReconfig", config, force=True)
