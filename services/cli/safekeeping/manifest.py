"""What a backup consists of, and whether a folder still is what its manifest says."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from services.chassis.errors import Failure

FORMAT = 1
MANIFEST, FILES, HASHES, REGISTER, DATABASES = "manifest.json", "files", "files.sha256", "register", "databases"
FAULTS_SHOWN = 5
Progress = Callable[[int], None]


class NoBackup(Failure):
    """The folder cannot be restored; the words say why and what to do."""


class Part(BaseModel):
    """One file of the backup, by its path in the folder. `rows` of a collection, its `indexes` as MongoDB lists them."""

    model_config = ConfigDict(frozen=True)

    path: str
    sha256: str
    size_bytes: int
    service: str | None = None
    collection: str | None = None
    rows: int = 0
    indexes: tuple[dict[str, Any], ...] = ()


class Manifest(BaseModel):
    """`at` is the moment whose state the databases have; register log and files are of a little later.

    `files_lost` are files of documents that were missing when it was made.
    """

    model_config = ConfigDict(frozen=True)

    format: int = FORMAT
    vanthu: str
    mongodb: str
    at: datetime
    epoch: int
    prefix: str
    parts: tuple[Part, ...]
    files: int
    files_bytes: int
    files_lost: int = 0

    def of_databases(self) -> list[Part]:
        return [each for each in self.parts if each.service]


def read_manifest(folder: Path) -> Manifest:
    """Raises NoBackup for what this release cannot restore."""
    try:
        manifest = Manifest.model_validate_json((folder / MANIFEST).read_bytes())
    except FileNotFoundError:
        raise NoBackup(
            f"{folder} is no backup: it has no {MANIFEST}. Name the folder that `vanthu backup` made."
        ) from None
    except ValidationError as error:
        raise NoBackup(f"{folder / MANIFEST} cannot be read: {error.errors()[0]['msg']}. Use another backup.") from None
    if manifest.format > FORMAT or _release(manifest.vanthu) > _release(version("vanthu")):
        raise NoBackup(
            f"The backup was made by the newer release {manifest.vanthu}, this is {version('vanthu')}. "
            "Install that release or a later one, and restore with it."
        )
    return manifest


def _release(name: str) -> tuple[int, ...]:
    return tuple(int(each) for each in name.split(".")[:3] if each.isdigit())


def check(folder: Path, manifest: Manifest, progress: Progress) -> None:
    """Every part and every file is there with its hash; raises NoBackup that names what is not."""
    faults = list(_faults(folder, [(each.path, each.sha256) for each in manifest.parts], progress))
    if not faults:
        hashes = list(file_hashes(folder))
        faults = list(_faults(folder, [(f"{FILES}/{path}", digest) for path, digest in hashes], progress))
        if len(hashes) != manifest.files:
            faults.append(f"{HASHES} names {len(hashes):,} files instead of {manifest.files:,}")
    if faults:
        more = f" … and {len(faults) - FAULTS_SHOWN:,} more" if len(faults) > FAULTS_SHOWN else ""
        raise NoBackup(
            f"The backup is damaged: {'; '.join(faults[:FAULTS_SHOWN])}{more}. Use another one, "
            "and make the next one without --since."
        )


def _faults(folder: Path, expected: Sequence[tuple[str, str]], progress: Progress) -> Iterator[str]:
    for path, digest in expected:
        found = sha256_of(folder / path)
        progress(1)
        if found is None:
            yield f"{path} is missing"
        elif found != digest:
            yield f"{path} has other bytes"


def file_hashes(folder: Path) -> Iterator[tuple[str, str]]:
    """`(path below files/, SHA-256)` of each document's file."""
    with (folder / HASHES).open(encoding="utf-8") as lines:
        for line in lines:
            digest, _, path = line.rstrip("\n").partition("  ")
            yield path.removeprefix(f"{FILES}/"), digest


def sha256_of(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        return None
