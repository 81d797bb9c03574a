"""The machine that was measured on, and how busy others kept it."""

import os
import platform
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import psutil

PACKAGES = ("aiokafka", "faststream", "motor", "pymongo", "fastapi", "uvicorn", "uvloop", "pydantic", "aiohttp")


def shape() -> dict[str, Any]:
    memory = psutil.virtual_memory()
    return {
        "cpus": os.cpu_count(),
        "cpu": _cpu_name(),
        "memory_mb": memory.total // 2**20,
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": platform.python_version(),
        "packages": {name: _version(name) for name in PACKAGES},
    }


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
