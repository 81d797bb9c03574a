"""The machine that was measured on, and how busy others kept it."""

import contextlib
import json
import os
import platform
import subprocess
import tempfile
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import psutil

from services.embedded.errors import EmbeddedError
from services.embedded.java import find_java
from services.embedded.mongod_binary import find_mongod

ROOT = Path(__file__).parents[2]
PACKAGES = ("aiokafka", "faststream", "motor", "pymongo", "fastapi", "uvicorn", "uvloop", "pydantic", "aiohttp")


def shape() -> dict[str, Any]:
    memory = psutil.virtual_memory()
    return {
        "cpus": os.cpu_count(),
        "cpu": _cpu_name(),
        "memory_mb": memory.total // 2**20,
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": platform.python_version(),
        "servers": servers(),
        "file_system": file_system(Path(tempfile.gettempdir())),
        "packages": {name: _version(name) for name in PACKAGES},
    }


def size() -> str:
    """What a result that was shown here needs to say at least."""
    return f"{os.cpu_count()} cores with {psutil.virtual_memory().total / 2**30:.0f} GB of memory"


def described_code() -> str:
    """The commit, and whether anything beside it was measured; empty where git is not."""
    command = ["git", "describe", "--always", "--dirty"]
    try:
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def servers() -> dict[str, str]:
    """What is started where `VANTHU_*` names no server."""
    lock = json.loads((ROOT / "services" / "embedded" / "kafka.lock.json").read_text(encoding="utf-8"))
    found = {"kafka": lock["requirement"].partition("+")[0].rpartition(":")[2]}
    with contextlib.suppress(EmbeddedError):
        found["mongodb"] = find_mongod(_silently, data_release=None).version
    with contextlib.suppress(EmbeddedError):
        found["java"] = str(find_java(_silently).major)
    named = {"mongodb": "VANTHU_MONGO_URL", "kafka": "VANTHU_KAFKA_BOOTSTRAP"}
    return found | {name: f"the one of {variable}" for name, variable in named.items() if os.environ.get(variable)}


def _silently(_: str) -> None:
    pass


def file_system(path: Path) -> str:
    """The type of the one that holds the path."""
    mounts = {Path(each.mountpoint): each.fstype for each in psutil.disk_partitions(all=True)}
    return next((mounts[each] for each in (path.resolve(), *path.resolve().parents) if each in mounts), "")


def _cpu_name() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
    except OSError:
        return platform.processor()


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "absent"


@dataclass(frozen=True)
class Watch:
    """All CPU time that this machine has spent since it booted, in seconds."""

    busy: float
    idle: float

    @classmethod
    def now(cls) -> "Watch":
        times = psutil.cpu_times()
        idle = times.idle + getattr(times, "iowait", 0.0)
        return cls(sum(times) - idle, idle)

    def busy_since(self, earlier: "Watch") -> float:
        """Share of all cores that was busy, with whatever, since then."""
        busy, idle = self.busy - earlier.busy, self.idle - earlier.idle
        return busy / (busy + idle) if busy + idle else 0.0


def load() -> tuple[float, float, float]:
    """Runnable processes over the last 1, 5 and 15 minutes."""
    return os.getloadavg()
