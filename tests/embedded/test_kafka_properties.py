"""What a Kafka node is told: alone it keeps one copy of everything, with others as many as can be in sync."""

from services.embedded.kafka_properties import COPIES, COPIES_IN_SYNC, KafkaNode, properties

NODES = [KafkaNode(id, 20_000 + id, 21_000 + id) for id in (1, 2, 3)]


def test_a_node_alone_waits_for_nobody() -> None:
    told = properties(NODES[0], NODES[:1])
    assert told["controller.quorum.voters"] == "1@127.0.0.1:21001"
    assert {told[name] for name in (*COPIES, *COPIES_IN_SYNC)} == {1}


def test_three_nodes_keep_three_copies_and_one_of_them_may_be_down() -> None:
    told = properties(NODES[1], NODES)
    assert told["node.id"] == 2
    assert told["controller.quorum.voters"] == "1@127.0.0.1:21001,2@127.0.0.1:21002,3@127.0.0.1:21003"
    assert {told[name] for name in COPIES} == {3}
    assert {told[name] for name in COPIES_IN_SYNC} == {2}


def test_more_than_three_nodes_keep_three_copies() -> None:
    told = properties(NODES[0], [*NODES, KafkaNode(4, 20_004, 21_004)])
    assert {told[name] for name in COPIES} == {3}
