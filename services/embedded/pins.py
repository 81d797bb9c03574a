"""Files whose SHA-256 is committed, and the check that refuses any other."""

import hashlib
import json
from importlib import resources
from pathlib import Path
from typing import Any

from services.embedded.errors import HashMismatchError


def load_lock(name: str) -> dict[str, Any]:
    text = resources.files("services.embedded").joinpath(name).read_text(encoding="utf-8")
    lock: dict[str, Any] = json.loads(text)
    return lock


def sha256_of(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def check_pin(file: Path, expected: str, *, remedy: str) -> None:
    """Raises HashMismatchError unless the file is byte for byte the pinned one."""
    found = sha256_of(file)
    if found != expected:
        raise HashMismatchError(
            f"{file} is not the file that Vanthu was made with, so nothing was started.\n"
            f"  expected sha256 {expected}\n"
            f"  found    sha256 {found}",
            remedy,
        )
