"""The data folder: claimed by one Vanthu at a time, and what is remembered in it between starts."""

import json
import os
import sys
from pathlib import Path
from typing import Any

from services.embedded.errors import FolderInUseError, UnavailableError

if sys.platform != "win32":
    import fcntl


class DataFolder:
    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self._claim: int | None = None

    @property
    def logs(self) -> Path:
        return self.path / "logs"

    def claim(self) -> None:
        """Raises FolderInUseError while another process has it. The system lets go when that process ends,
        however it ends: servers found running in a folder that could be claimed are left over."""
        if sys.platform == "win32":
            raise UnavailableError(
                "Windows can't run Kafka and MongoDB beside Vanthu.",
                "Set VANTHU_MONGO_URL and VANTHU_KAFKA_BOOTSTRAP to servers that run already.",
            )
        try:
            self.logs.mkdir(parents=True, exist_ok=True, mode=0o700)
            claim = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as refused:
            raise UnavailableError(
                f"{self.path} can't be used as data folder: {refused}.", "Choose one that you may write to."
            ) from refused
        try:
            fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as taken:
            holder = os.read(claim, 20).decode() or "unknown"
            os.close(claim)
            raise FolderInUseError(
                f"{self.path} is in use by another Vanthu (process {holder}).",
                "Stop that one first, or give this one another data folder.",
            ) from taken
        os.ftruncate(claim, 0)
        os.write(claim, str(os.getpid()).encode())
        self._claim = claim

    def release(self) -> None:
        if self._claim is not None:
            os.close(self._claim)
            self._claim = None

    def recall(self, name: str) -> dict[str, Any]:
        """What was noted under this name; nothing when there is no note or it can't be read."""
        try:
            note = json.loads((self.path / name).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return note if isinstance(note, dict) else {}

    def note(self, name: str, content: dict[str, Any]) -> None:
        unfinished = self.path / f"{name}.new"
        unfinished.write_text(json.dumps(content), encoding="utf-8")
        unfinished.replace(self.path / name)

    def forget(self, name: str) -> None:
        (self.path / name).unlink(missing_ok=True)
