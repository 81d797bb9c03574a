"""The demo as a caller of the services' HTTP APIs, as a clerk and as a leader."""

import asyncio
import time
from collections.abc import Mapping
from typing import Any

import httpx

from services.demo.access import Tokens
from services.demo.commands import CONTINUE
from services.demo.failure import DemoFailure
from services.demo.plan import SECRET, Published
from services.events import Direction

KNOWN_SECONDS, PAUSE_SECONDS = 60.0, 0.2
REPORT = "/reporting/api/v1/reports/annual"
COUNTS = "/intake/api/v1/period-counts"


class Calls:
    def __init__(self, url: str, tokens: Tokens) -> None:
        self._client = httpx.AsyncClient(base_url=url, timeout=60)
        self._tokens = tokens

    async def close(self) -> None:
        await self._client.aclose()

    async def until_known(self) -> None:
        """The services hear of the office and its people through Kafka; returns when they know both tokens."""
        ends = time.monotonic() + KNOWN_SECONDS
        while True:
            answers = await asyncio.gather(
                self._get(COUNTS, self._tokens.clerk),
                self._get(REPORT + "?from=2016-01-01&to=2016-01-01", self._tokens.leader),
            )
            if all(answer.status_code == 200 for answer in answers):
                return
            if time.monotonic() > ends:
                statuses = ", ".join(str(answer.status_code) for answer in answers)
                raise DemoFailure(f"The services do not know the office's people yet ({statuses}).", CONTINUE)
            await asyncio.sleep(PAUSE_SECONDS)

    async def enter_period_count(self, table: Published, direction: Direction, count: int) -> None:
        """The same count again changes nothing."""
        said = {
            "direction": direction.value,
            "category": SECRET,
            "first_day": table.first_day.isoformat(),
            "last_day": table.last_day.isoformat(),
            "count": count,
        }
        answer = await self._client.post(COUNTS, json=said, headers=_as(self._tokens.clerk))
        if answer.status_code not in {200, 201}:
            raise DemoFailure(f"The count of secret documents was refused: {answer.text[:500]}", CONTINUE)

    async def yearly_report(self, table: Published) -> dict[str, Any]:
        window = f"?from={table.first_day}&to={table.last_day}"
        answer = await self._get(REPORT + window, self._tokens.leader)
        if answer.status_code != 200:
            raise DemoFailure(f"The yearly report was refused: {answer.text[:500]}", CONTINUE)
        said: dict[str, Any] = answer.json()
        return {**said["report"], "from": said["from"], "to": said["to"]}

    async def seen_by_leader(self, path: str) -> Mapping[str, Any] | None:
        """None for what the leader may not see, or is not there."""
        answer = await self._get(path, self._tokens.leader)
        return answer.json() if answer.status_code == 200 else None

    async def _get(self, path: str, token: str) -> httpx.Response:
        return await self._client.get(path, headers=_as(token))


def _as(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}
