"""MongoDB on loopback: a replica set, because transactions need one; of one member unless it joins others."""

from collections.abc import Callable, Sequence
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
    """`prepare`, `launch`, `await_ready`; a member of several also `join`s them, after all are prepared."""

    def __init__(
        self, folder: DataFolder, say: Callable[[str], None], *, cache_gb: float = CACHE_GB, oplog_mb: int = OPLOG_MB
    ) -> None:
        self.process = ServerProcess("mongod", folder, say)
        self._folder = folder
        self._data = folder.path / "mongod"
        self._say = say
        self._cache_gb = cache_gb
        self._oplog_mb = oplog_mb
        self._binary: MongodBinary | None = None
        self._members: Sequence[str] = ()
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
        self.join([self.address])

    def join(self, members: Sequence[str]) -> None:
        """The addresses of its replica set, its own among them."""
        self._members = members

    def launch(self) -> None:
        self.process.rotate_log()
        self.process.launch(self._command(), self._data)

    def await_ready(self) -> None:
        """Of several members one is waited for, when all are launched: it makes the set for the others."""
        wait_until(self._has_members, self.process)
        wait_until(self._knows_primary, self.process)

    @property
    def address(self) -> str:
        return f"{LOOPBACK}:{self.port}"

    @property
    def url(self) -> str:
        return f"mongodb://{','.join(self._members)}/?replicaSet={REPLICA_SET}"

    def _command(self) -> list[str]:
        assert self._binary is not None, "prepare() comes first"
        options = {
            "dbpath": self._data,
            "port": self.port,
            "bind_ip": LOOPBACK,
            "replSet": REPLICA_SET,
            "oplogSize": self._oplog_mb,
            "wiredTigerCacheSizeGB": self._cache_gb,
            "setParameter": f"transactionLifetimeLimitSeconds={TRANSACTION_SECONDS}",
        }
        flags = ["--nounixsocket", "--quiet"]
        return [str(self._binary.path), *flags, *(f"--{name}={value}" for name, value in options.items())]

    def _has_members(self) -> bool:
        try:
            with MongoClient[dict[str, Any]](LOOPBACK, self.port, **DIRECT) as client:
                keep_members(client, self._members)
        except PyMongoError:
            return False
        return True

    def _knows_primary(self) -> bool:
        # A new client: one that saw the server before it had a set goes on believing that it has none.
        try:
            with MongoClient[dict[str, Any]](self.url, serverSelectionTimeoutMS=1000) as client:
                return bool(client.admin.command("hello")["isWritablePrimary"])
        except PyMongoError:
            return False


DIRECT: dict[str, Any] = {"directConnection": True, "serverSelectionTimeoutMS": 1000}


def keep_members(client: MongoClient[dict[str, Any]], hosts: Sequence[str]) -> None:
    """Makes the set when there is none, and moves its members when ports have changed."""
    try:
        config = client.admin.command("replSetGetConfig")["config"]
    except OperationFailure as failure:
        if failure.code != NOT_YET_INITIALIZED:
            raise
        members = [{"_id": place, "host": host} for place, host in enumerate(hosts)]
        client.admin.command("replSetInitiate", {"_id": REPLICA_SET, "members": members})
        return
    if [each["host"] for each in config["members"]] != list(hosts):
        config["members"] = [each | {"host": host} for each, host in zip(config["members"], hosts, strict=True)]
        config["version"] += 1
        # Forced: with its old address in the set, this member is no primary that could agree.
        client.admin.command("replSetReconfig", config, force=True)
