"""What staff ask while there is history: a page of the book, of an inbox, of the documents behind a cell, a report."""

import time
from datetime import UTC, datetime

import httpx

from tests.bench.figures import median
from tests.bench.office import office, tokens
from tests.bench.stack import Stack
from tests.harness import as_bearer

REQUESTS, WARM_UP = 30, 3
WINDOW = "from=2016-01-07&to=2016-11-19"


def addresses() -> dict[str, str]:
    return {
        "book page": f"/intake/api/v1/books/incoming/{datetime.now(UTC).year}",
        "inbox page": "/notify/api/v1/inbox",
        "handling report": f"/reporting/api/v1/reports/handling?by=unit&{WINDOW}",
        "facts query": f"/reporting/api/v1/facts?{WINDOW}",
    }


class Asker:
    """`specialist` asks for the inbox, the clerk for everything else."""

    def __init__(self, url: str, clerk: str, specialist: str) -> None:
        self._url = url
        self._tokens = {"inbox page": specialist}
        self._clerk = clerk

    @classmethod
    async def of(cls, stack: Stack, prefix: str, url: str, specialist: str) -> "Asker":
        people = await tokens(stack.settings(prefix), (office().clerk, specialist))
        return cls(url, people[office().clerk], people[specialist])

    async def medians(self) -> dict[str, float]:
        """Milliseconds by question. Raises httpx.HTTPStatusError for an answer that is none."""
        async with httpx.AsyncClient(base_url=self._url, timeout=60) as client:
            return {name: await self._median(client, name, address) for name, address in addresses().items()}

    async def _median(self, client: httpx.AsyncClient, name: str, address: str) -> float:
        headers, spent = as_bearer(self._tokens.get(name, self._clerk)), []
        for turn in range(WARM_UP + REQUESTS):
            began_at = time.perf_counter()
            (await client.get(address, headers=headers)).raise_for_status()
            if turn >= WARM_UP:
                spent.append(1000 * (time.perf_counter() - began_at))
        return median(spent)
