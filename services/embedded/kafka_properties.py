"""What a Kafka node is told of itself and of its cluster. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from services.embedded.ports import LOOPBACK

HOURS_KEPT = 30 * 24
# Longer than any holiday: Kafka forgets the position of a group that was away for longer.
POSITION_MINUTES_KEPT = 365 * 24 * 60
MOST_COPIES = 3
COPIES = (
    "default.replication.factor",
    "offsets.topic.replication.factor",
    "transaction.state.log.replication.factor",
    "share.coordinator.state.topic.replication.factor",
)
COPIES_IN_SYNC = (
    "min.insync.replicas",
    "transaction.state.log.min.isr",
    "share.coordinator.state.topic.min.isr",
)


@dataclass(frozen=True)
class KafkaNode:
    """Broker and controller in one process; a port is 0 until it is chosen."""

    id: int
    broker_port: int = 0
    controller_port: int = 0


def properties(node: KafkaNode, nodes: Sequence[KafkaNode]) -> dict[str, object]:
    """Paths are relative to the working folder: a list of folders can't hold a comma, nor this file's
    encoding a Vietnamese letter. The voters are static, because a port noted in the data (as
    `format --standalone` does) could not change later."""
    listeners = f"PLAINTEXT://{LOOPBACK}:{node.broker_port}"
    copies = min(len(nodes), MOST_COPIES)
    return {
        "process.roles": "broker,controller",
        "node.id": node.id,
        "controller.quorum.voters": ",".join(f"{each.id}@{LOOPBACK}:{each.controller_port}" for each in nodes),
        "listeners": f"{listeners},CONTROLLER://{LOOPBACK}:{node.controller_port}",
        "advertised.listeners": listeners,
        "controller.listener.names": "CONTROLLER",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "log.dirs": "data",
        "log.retention.hours": HOURS_KEPT,
        "offsets.retention.minutes": POSITION_MINUTES_KEPT,
        "auto.create.topics.enable": "false",
        "group.initial.rebalance.delay.ms": 0,
        "log.cleaner.dedupe.buffer.size": 16 * 1024 * 1024,
        **dict.fromkeys(COPIES, copies),
        **dict.fromkeys(COPIES_IN_SYNC, max(1, copies - 1)),
        "offsets.topic.num.partitions": 4,
        "transaction.state.log.num.partitions": 4,
        "share.coordinator.state.topic.num.partitions": 4,
    }
