"""What `vanthu doctor` finds out about this machine, without starting anything and without a network."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from services.embedded.errors import EmbeddedError
from services.embedded.jars import check_jar, jar_folder, kafka_version, locked_jars, missing_jars
from services.embedded.java import find_java
from services.embedded.libraries import INSTALL_LINE, missing_libraries
from services.embedded.mongod_binary import find_mongod
from services.embedded.ports import LOOPBACK, choose

LEAST_FREE_GB = 2.0


@dataclass(frozen=True)
class Finding:
    name: str
    ok: bool
    detail: str
    remedy: str = ""


def examine(data: Path | None = None) -> list[Finding]:
    """`data` is the folder whose disk is looked at; the working folder when none is given."""
    return [
        finding("Java", java_detail),
        finding("Kafka's jars", jars_detail),
        finding("mongod", mongod_detail),
        finding("mongod's shared libraries", libraries_detail),
        finding("disk space", lambda: disk_detail(data or Path.cwd())),
        finding("ports", ports_detail),
    ]


def finding(name: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(name, ok=True, detail=look())
    except EmbeddedError as error:
        return Finding(name, ok=False, detail=error.problem, remedy=error.remedy)


def java_detail() -> str:
    java = find_java(unsaid)
    return f"Java {java.major} at {java.path} (from {java.source})"


def jars_detail() -> str:
    if missing := missing_jars():
        raise EmbeddedError(
            f"{len(missing)} of {len(locked_jars())} are not in {jar_folder()}",
            "The first start fetches them; to do it now: python -m services.embedded.jars",
        )
    jars = locked_jars()
    for jar in jars:
        check_jar(jar, jar_folder())
    return f"Kafka {kafka_version(jars)}: all {len(jars)} in {jar_folder()} have their pinned hashes"


def mongod_detail() -> str:
    mongod = find_mongod(unsaid)
    checked = "hash as pinned" if mongod.is_pinned else "this machine's own, not pinned"
    return f"mongod {mongod.version} at {mongod.path} (from {mongod.source}; {checked})"


def libraries_detail() -> str:
    if missing := missing_libraries():
        raise EmbeddedError(f"missing: {', '.join(missing)}", f"As root, run: {INSTALL_LINE}")
    return "all there"


def disk_detail(folder: Path) -> str:
    existing = next(path for path in [folder.absolute(), *folder.absolute().parents] if path.exists())
    free_gb = shutil.disk_usage(existing).free / 1e9
    if free_gb < LEAST_FREE_GB:
        raise EmbeddedError(
            f"{free_gb:.1f} GB free at {existing}, {LEAST_FREE_GB:.0f} GB are needed to start",
            "Make room on this disk, or choose a data folder on another one.",
        )
    return f"{free_gb:.1f} GB free at {existing}"


def ports_detail() -> str:
    return f"ports on {LOOPBACK} can be opened (tried {choose()})"


def unsaid(message: str) -> None:
    """The findings say it all."""
