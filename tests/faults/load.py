"""Scanners that post without pause, repeat what had no answer, and write down everything they know."""

import asyncio
import json
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any, Self

import httpx

from tests.faults.ledger import Ledger, Outcome, Paper

ANSWER_SECONDS = 20.0
PATIENCE_SECONDS = 60.0
PAUSE_SECONDS = 0.2
SETTLED_AT_ONCE = 16  # a thousand that ask for a connection at once get none from the client


class Senders:
    """`addresses` gives the replicas of intake as they are now; `keys` the bearer of each device."""

    def __init__(
        self, ledger: Ledger, addresses: Callable[[], Sequence[str]], keys: Mapping[str, str], seed: int
    ) -> None:
        self._ledger = ledger
        self._addresses = addresses
        self._keys = keys
        self._seed = seed
        self._chances: dict[tuple[str, str], random.Random] = {}
        self._client = httpx.AsyncClient(timeout=ANSWER_SECONDS, limits=httpx.Limits(max_connections=200))
        self.open: list[Paper] = []  # had no answer yet

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.aclose()

    async def post(
        self, paper: Paper, address: str | None = None, *, file_name: str = "scan.pdf"
    ) -> tuple[Outcome, httpx.Response | None]:
        """One attempt."""
        url = f"{address or self._chance(paper).choice(self._addresses())}/intake/api/v1/{paper.door}"
        headers = {"Authorization": f"Bearer {self._keys[paper.device]}", "Idempotency-Key": paper.key}
        files: dict[str, tuple[str | None, bytes, str]] = {
            "metadata": (None, json.dumps(paper.metadata).encode(), "application/json"),
            "file": (file_name, paper.content, "application/pdf"),
        }
        self._ledger.asks(paper, time.time())
        try:
            answer = await self._client.post(url, files=files, headers=headers)
        except httpx.HTTPError as error:
            return self._ledger.hears(paper, time.time(), None, type(error).__name__), None
        return self._ledger.hears(paper, time.time(), answer.status_code, _said(answer)), answer

    def _chance(self, paper: Paper) -> random.Random:
        """One for each paper: what happens to others first changes nothing for it."""
        key = (paper.device, paper.key)
        return self._chances.setdefault(key, random.Random(f"{self._seed} {key}"))

    async def work(self, papers: Iterator[Paper], *, count: int, connections: int) -> None:
        """Post `count` of the papers. Half of what has no answer is repeated at once, the rest stays open."""
        left = iter(range(count))

        async def one() -> None:
            for _ in left:
                await self.deliver(next(papers))

        await asyncio.gather(*(one() for _ in range(connections)))

    async def deliver(self, paper: Paper) -> None:
        """Until there is an answer, or the sender gives up for now and the paper stays open."""
        ends, chance = time.monotonic() + PATIENCE_SECONDS, self._chance(paper)
        while (await self.post(paper))[0] == "unknown":
            if chance.random() < 0.5 or time.monotonic() > ends:
                self.open.append(paper)
                return
            await asyncio.sleep(PAUSE_SECONDS * chance.random())

    async def until_accepted(self, paper: Paper, seconds: float) -> float:
        """Repeat it until it has a number; how long that took, in seconds."""
        started = time.monotonic()
        while (await self.post(paper))[0] != "ok":
            waited_seconds = time.monotonic() - started
            assert waited_seconds < seconds, f"{paper.key} has no number after {waited_seconds:.0f} s"
            await asyncio.sleep(PAUSE_SECONDS)
        return time.monotonic() - started

    async def settle(self) -> None:
        """Repeat all that is open until it has an answer. Fails when one has none after a minute."""
        waiting, self.open = self.open, []
        left = iter(waiting)

        async def one() -> None:
            for paper in left:
                await self._insist(paper)

        await asyncio.gather(*(one() for _ in range(SETTLED_AT_ONCE)))

    async def _insist(self, paper: Paper) -> None:
        ends = time.monotonic() + PATIENCE_SECONDS
        while (await self.post(paper))[0] == "unknown":
            assert time.monotonic() < ends, f"{paper.device} has had no answer for {paper.key} for a minute"
            await asyncio.sleep(PAUSE_SECONDS)


def _said(answer: httpx.Response) -> Any:
    try:
        return answer.json()
    except ValueError:
        return answer.text[:300]
