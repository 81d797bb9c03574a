"""Prometheus metrics of one service, in a registry of its own so that four can share a process."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)


class Metrics:
    """Names are stable: dashboards and alerts are built on them."""

    def __init__(self, service: str) -> None:
        self.registry = CollectorRegistry()
        here = self.registry
        self.events_consumed = Counter(
            "events_consumed", "Events by what became of them.", ("topic", "type", "outcome"), registry=here
        )
        self.batch_records = Histogram(
            "consume_batch_records",
            "Records per consumed batch.",
            buckets=(1, 2, 5, 10, 50, 100, 250, 500, 1000),
            registry=here,
        )
        self.batch_seconds = Histogram(
            "consume_batch_seconds", "Time from a batch's arrival to its commit.", buckets=SECONDS, registry=here
        )
        self.event_age = Histogram(
            "event_age_seconds", "Time from an event's record to its effect.", buckets=SECONDS, registry=here
        )
        self.lag = Gauge("consumer_lag", "Records not yet consumed.", ("topic", "partition"), registry=here)
        self.assigned = Gauge("assigned_partitions", "Partitions this process consumes.", registry=here)
        self.halted = Gauge("consumer_halted", "1 when the consumer stopped on purpose.", registry=here)
        self.unsent = Gauge("vanthu_journal_unsent_rows", "Events that Kafka does not have yet.", registry=here)
        self.unsent_age = Gauge("vanthu_journal_unsent_age_seconds", "Age of the oldest unsent event.", registry=here)
        self.stuck = Gauge("vanthu_journal_stuck_rows", "Events that Kafka refuses.", registry=here)
        self.dead_letters = Counter("vanthu_dead_letters", "Records set aside.", ("topic",), registry=here)
        self.transaction_retries = Counter("txn_retries", "Transactions run again.", registry=here)
        self.requests = Histogram(
            "http_request_seconds", "Time to answer.", ("method", "route", "status"), buckets=SECONDS, registry=here
        )
        self.service = service

    def page(self) -> bytes:
        return generate_latest(self.registry)
