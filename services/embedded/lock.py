"""`python -m services.embedded.lock REQUIREMENT`: resolves Kafka's jars anew and writes kafka.lock.json."""

import json
import sys
import tempfile
from dataclasses import asdict, replace
from pathlib import Path

from jgo.maven import MavenContext
from jgo.parse import Endpoint

from services.embedded.jars import LOCK_NAME, Jar, kafka_version
from services.embedded.pins import load_lock, sha256_of


def resolve(requirement: str) -> list[Jar]:
    with tempfile.TemporaryDirectory() as downloads:
        context = MavenContext(repo_cache=Path(downloads))
        wanted = [
            context.create_dependency(replace(coordinate, scope="compile"))
            for coordinate in Endpoint.parse(requirement).coordinates
        ]
        direct, transitive = context.resolver.resolve(wanted)
        return [
            Jar(found.groupId, found.artifactId, found.version, sha256_of(found.artifact.resolve()))
            for found in [*direct, *transitive]
        ]


def write_lock(requirement: str) -> None:
    jars = sorted(resolve(requirement), key=lambda jar: (jar.group, jar.artifact))
    kafka_version(jars)
    lock = {"requirement": requirement, "jars": [asdict(jar) for jar in jars]}
    Path(__file__).with_name(LOCK_NAME).write_text(json.dumps(lock, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    write_lock(sys.argv[1] if len(sys.argv) > 1 else load_lock(LOCK_NAME)["requirement"])
