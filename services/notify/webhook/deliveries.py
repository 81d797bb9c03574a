"""Carries due deliveries to their receivers: a lane per subscriber, so that a hanging one delays nobody else."""

import asyncio
import contextlib
import random
import uuid
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

from prometheus_client import Counter
from pymongo.errors import PyMongoError
from standardwebhooks.webhooks import Webhook

from services.chassis.errors import Failure
from services.chassis.health import Heartbeat
from services.chassis.logs import logger
from services.notify.settings import NotifySettings
from services.notify.webhook.outbound import Sends
from services.notify.webhook.payload import Delivery, Subscriber
from services.notify.webhook.schedule import Attempt, Delivered, SwitchOff, TryAgain, judge
from services.notify.webhook.store import WebhookStore

IsNews = Callable[[Delivery], Awaitable[bool]]
Fail = Callable[[Delivery, Attempt], Awaitable[None]]


class Deliveries:
    """At least once: a process killed between sending and marking sends again, under the same id."""

    def __init__(
        self,
        settings: NotifySettings,
        store: WebhookStore,
        new_outbound: Callable[[], Sends],
        is_news: IsNews,
        fail: Fail,
        heartbeat: Heartbeat,
        attempts: Counter,
    ) -> None:
        self._settings = settings
        self._store = store
        self._new_outbound = new_outbound
        self._is_news = is_news
        self._fail = fail
        self._heartbeat = heartbeat
        self._attempts = attempts
        self._lease = timedelta(seconds=settings.webhook_lease_seconds)
        self._log = logger("notify")
        self._wake = asyncio.Event()
        self._lanes: dict[str, asyncio.Task[None]] = {}
        self._interrupted: set[str] = set()
        self._task: asyncio.Task[None] | None = None
        self._outbound: Sends

    async def start(self) -> None:
        self._outbound = self._new_outbound()
        self._task = asyncio.create_task(self._run(), name="notify-webhooks")

    async def stop(self) -> None:
        tasks = [*([self._task] if self._task else []), *self._lanes.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._outbound.close()

    def wake(self) -> None:
        """Look for due deliveries now."""
        self._wake.set()

    async def _run(self) -> None:
        while True:
            self._heartbeat.beat()
            self._wake.clear()
            try:
                for subscriber_id in await self._store.due_subscribers(datetime.now(UTC)):
                    self._open_lane(subscriber_id)
            except PyMongoError as error:
                self._log.warning("webhooks wait for the database", cause=type(error).__name__)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._settings.webhook_poll_seconds):  # wait_for may swallow a cancellation
                    await self._wake.wait()

    def _open_lane(self, subscriber_id: str) -> None:
        if subscriber_id not in self._lanes:
            lane = asyncio.create_task(self._lane(subscriber_id), name="notify-webhook-lane")
            self._lanes[subscriber_id] = lane
            lane.add_done_callback(lambda _: self._close_lane(subscriber_id))

    def _close_lane(self, subscriber_id: str) -> None:
        del self._lanes[subscriber_id]
        if subscriber_id not in self._interrupted:  # something may have come due while the lane was ending
            self._wake.set()
        self._interrupted.discard(subscriber_id)

    async def _lane(self, subscriber_id: str) -> None:
        hands = (self._hand(subscriber_id) for _ in range(self._settings.webhook_parallel))
        for outcome in await asyncio.gather(*hands, return_exceptions=True):
            if isinstance(outcome, Exception):
                self._interrupted.add(subscriber_id)
                known = isinstance(outcome, PyMongoError | Failure)
                cause = type(outcome).__name__
                self._log.warning("a webhook's lane ends", cause=cause, exc_info=None if known else outcome)

    async def _hand(self, subscriber_id: str) -> None:
        while delivery := await self._store.claim(subscriber_id, datetime.now(UTC), self._lease, uuid.uuid4().hex):
            await self._deliver(delivery)

    async def _deliver(self, delivery: Delivery) -> None:
        subscriber = await self._store.find(delivery.subscriber_id, delivery.office)
        if subscriber is None or not subscriber.active:
            await self._store.settle(delivery, "cancelled", None)
        elif not await self._is_news(delivery):
            await self._store.settle(delivery, "skipped", None)
        else:
            attempt = await self._outbound.post(subscriber.url, *signed(delivery, subscriber, datetime.now(UTC)))
            await self._mark(delivery, attempt)

    async def _mark(self, delivery: Delivery, attempt: Attempt) -> None:
        verdict = judge(
            attempt.status,
            delivery.tries + 1,
            self._settings.webhook_backoff_seconds,
            random.random(),  # noqa: S311
        )
        self._attempts.labels(type(verdict).__name__).inc()
        if isinstance(verdict, Delivered):
            await self._store.settle(delivery, "delivered", attempt)
        elif isinstance(verdict, TryAgain):
            await self._store.put_off(delivery, attempt.at + timedelta(seconds=verdict.after_seconds), attempt)
        else:
            await self._fail(delivery, attempt)
            if isinstance(verdict, SwitchOff):
                self._log.warning("a webhook's receiver is gone; it is switched off", webhook=delivery.subscriber_id)
                await self._store.switch_off(delivery.subscriber_id, attempt.at)


def signed(delivery: Delivery, subscriber: Subscriber, at: datetime) -> tuple[dict[str, str], bytes]:
    """Headers and body as Standard Webhooks asks for; the timestamp is the attempt's."""
    headers = {
        "content-type": "application/json",
        "webhook-id": delivery.id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(subscriber.secret).sign(delivery.id, at, delivery.body),
    }
    return headers, delivery.body.encode()
