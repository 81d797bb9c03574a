"""Servers and a folder on which nothing of an installation is left."""

import uuid
from dataclasses import replace

from tests.faults.lab import Lab


def move_to_new_ground(lab: Lab) -> None:
    """Nothing of the old databases, topics and folders is there."""
    name = f"n{uuid.uuid4().hex[:10]}"
    env = {**lab.vanthu.env, "VANTHU_MONGO_DATABASE_PREFIX": name, "VANTHU_KAFKA_TOPIC_PREFIX": name}
    lab.vanthu = replace(lab.vanthu, env=env, data=lab.folder / "new data")
    lab.vanthu.run("topics", "create")
    lab.place = replace(lab.place, prefix=name, data=lab.vanthu.data)
    lab.replicas.clear()
