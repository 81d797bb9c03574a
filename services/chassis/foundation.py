"""What every service's composition root begins with: connections, journal, relay, consumer, staff."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from pydantic import BaseModel

from services.chassis.auth import Staff
from services.chassis.consume import Apply, Consumer
from services.chassis.copies import Copies
from services.chassis.dead_letters import DeadLetters
from services.chassis.envelope import Vocabulary
from services.chassis.erasures import Erasures
from services.chassis.gauging import Gauging
from services.chassis.health import Health, Heartbeat, Verdict
from services.chassis.journal import Journal
from services.chassis.lease import Lease, Presence
from services.chassis.metrics import Metrics
from services.chassis.mongo import Client, Database, Transactions, connect
from services.chassis.positions import Positions
from services.chassis.relay import SILENT_SECONDS, Relay
from services.chassis.service import Part
from services.chassis.settings import ChassisSettings


@dataclass
class Foundation:
    """Built once per service by `lay_foundation`; `first` and, when all is prepared, `parts` start in this order.

    A process says that it runs before it reads the epoch: a restore that begins meanwhile sees it, or is seen by it.
    """

    settings: ChassisSettings
    client: Client
    database: Database
    transactions: Transactions
    journal: Journal
    dead_letters: DeadLetters
    copies: Copies
    erasures: Erasures
    staff: Staff
    health: Health
    metrics: Metrics
    first: tuple[Part, ...]
    parts: list[Part] = field(default_factory=list)

    async def prepare(self) -> None:
        """Indexes of the chassis' own collections."""
        await self.journal.prepare()
        await self.dead_letters.prepare()
        await self.copies.prepare()

    def add_relay(self) -> None:
        heartbeat = Heartbeat("relay", SILENT_SECONDS)
        lease = Lease(self.database, "relay", self.settings.instance, self.settings.relay_lease_seconds)
        relay = Relay(self.settings, self.journal, lease, self.metrics, heartbeat)
        self.health.live_checks.append(heartbeat.verdict)
        self.parts += [relay, Gauging(relay.measure)]

    def add_consumer(self, topics: tuple[str, ...], hears: Sequence[type[BaseModel]], apply: Apply) -> Consumer:
        """One consumer group per service, over all its topics; `apply` takes effect for the whole batch."""
        positions = Positions(self.settings, self.database, self.health.service, topics)
        vocabulary = Vocabulary(hears)
        consumer = Consumer(self.settings, topics, vocabulary, apply, positions, self.dead_letters, self.metrics)
        self.health.live_checks += [consumer.heartbeat.verdict, consumer.verdict]
        self.parts.append(consumer)
        return consumer


def lay_foundation(settings: ChassisSettings, service: str) -> Foundation:
    """Connects lazily: nothing is asked of MongoDB or Kafka before the service starts."""
    client = connect(settings.mongo_url.get_secret_value())
    database = client[f"{settings.mongo_database_prefix}_{service}"]
    metrics = Metrics(service)
    transactions = Transactions(client, settings.commit_deadline_seconds, metrics.transaction_retries.inc)
    copies = Copies(database)
    health = Health(service)
    health.ready_checks.append(lambda: _mongo_answers(client))
    return Foundation(
        settings=settings,
        client=client,
        database=database,
        transactions=transactions,
        journal=Journal(database, transactions),
        dead_letters=DeadLetters(database),
        copies=copies,
        erasures=Erasures(database),
        staff=Staff(copies),
        health=health,
        metrics=metrics,
        first=(Connection(client), Presence(database, settings.instance, settings.relay_lease_seconds)),
    )


class Connection:
    """Started first and so ended last."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def start(self) -> None:
        """Nothing: it connects lazily."""

    async def stop(self) -> None:
        self._client.close()


async def _mongo_answers(client: Client) -> Verdict:
    try:
        await client.admin.command("ping", maxTimeMS=1000)
    except Exception as error:
        return Verdict("mongodb", False, f"{type(error).__name__}: check VANTHU_MONGO_URL and the server")
    return Verdict("mongodb", True)
