"""The demo's folder: nobody else's is ever touched, and an interrupted demo is found again in it."""

import fcntl
import json
import os
import shutil
import uuid
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from services.demo.failure import DemoFailure
from services.demo.options import DemoOptions

Say = Callable[[str], None]
OURS = frozenset({"demo", "run", "lock", "logs", "files", "register", "trash", "kafka", "mongod"})
"""What a demo makes, up to the first dot: `kafka` also stands for `kafka.ports.json`."""


@dataclass(frozen=True)
class Marker:
    """Kept in the folder from the first moment. `prefix` names its databases and topics on servers of others."""

    documents: int
    prefix: str


class DemoFolder:
    """Claimed by one demo at a time, until the process ends."""

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()
        self.own = self.path / "demo"
        self._claim: int | None = None

    def claim(self) -> Self:
        self._refuse_what_is_not_ours()
        self.own.mkdir(parents=True, exist_ok=True, mode=0o700)
        claim = os.open(self.own / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as taken:
            os.close(claim)
            raise DemoFailure(
                f"Một bản trình diễn khác đang chạy trong {self.path}. · Another demo runs in {self.path}.",
                "Wait for it, stop it, or name another folder with --data.",
            ) from taken
        self._claim = claim
        return self

    def release(self) -> None:
        if self._claim is not None:
            os.close(self._claim)
            self._claim = None

    def marker(self) -> Marker | None:
        known = self.recall("demo.json")
        return Marker(**known) if known else None

    def begin(self, documents: int) -> Marker:
        marker = Marker(documents, f"vanthu_demo_{uuid.uuid4().hex[:8]}")
        self.keep("demo.json", asdict(marker))
        return marker

    def empty(self) -> None:
        """Only to be called on a claimed folder that has a marker; its claim stays."""
        for each in self.path.iterdir():
            if each != self.own:
                _remove(each)
        for each in self.own.iterdir():
            if each.name != "lock":
                _remove(each)

    def recall(self, name: str) -> dict[str, Any]:
        try:
            kept = json.loads((self.own / name).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return kept if isinstance(kept, dict) else {}

    def keep(self, name: str, content: dict[str, Any]) -> None:
        """Readable by its owner only, replaced in one step."""
        draft = self.own / f"{name}.new"
        draft.unlink(missing_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            json.dump(content, file, ensure_ascii=False)
        draft.replace(self.own / name)

    def _refuse_what_is_not_ours(self) -> None:
        if self.path.exists() and not self.path.is_dir():
            raise DemoFailure(f"{self.path} is no folder.", "Name a folder with --data.")
        names = {each.name for each in self.path.iterdir()} if self.path.exists() else set()
        ours = OURS if self.marker() else {"demo"}
        strange = sorted(name for name in names if name.partition(".")[0] not in ours)
        if strange:
            raise DemoFailure(
                f"Thư mục {self.path} có dữ liệu khác. · {self.path} holds what no demo made: {', '.join(strange[:5])}.",
                "Name an empty or new folder with --data; this one was left as it is.",
            )


def opened(options: DemoOptions, sizes: range, folder: DemoFolder, say: Say) -> tuple[Marker, bool]:
    """The demo to run in the claimed folder, and whether an earlier one goes on. What it replaces is emptied.

    `sizes` are the numbers of documents that a demo may have.
    """
    known = folder.marker()
    wanted = sizes[-1] if options.documents is None else min(max(options.documents, sizes[0]), sizes[-1])
    if known and options.resume:
        if options.documents is not None and wanted != known.documents:
            raise DemoFailure(
                f"Bản trình diễn dở có {known.documents} văn bản. · The demo there has {known.documents} documents.",
                "Continue it without --documents, or start anew without --continue.",
            )
        return known, True
    if options.resume:
        raise DemoFailure(
            f"Không có bản trình diễn dở trong {folder.path}. · There is no interrupted demo in {folder.path}.",
            "Bắt đầu mới, không dùng --continue. · Start anew without --continue.",
        )
    if known:
        say(f"Xóa bản trình diễn cũ trong {folder.path}. · Emptying the earlier demo in {folder.path}.")
        folder.empty()
    return folder.begin(wanted), False


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()
