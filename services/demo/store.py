"""Read-only looks into notify's database: when each notice came into its inbox."""

from datetime import datetime
from typing import Any

from services.chassis.mongo import Row, connect

LEAD = "awaits_you"


class Notices:
    def __init__(self, mongo_url: str, prefix: str) -> None:
        self._client = connect(mongo_url)
        self._rows = self._client[f"{prefix}_notify"]["notices"]

    def close(self) -> None:
        self._client.close()

    async def first_of_leads(self, office: str) -> dict[str, float]:
        """By document, when its lead person had the first notice: seconds since 1970."""
        wanted: dict[str, Any] = {"office": office, "telling": LEAD}
        found: dict[str, float] = {}
        async for row in self._rows.find(wanted, {"document_id": 1, "created_at": 1}).batch_size(5000):
            at = _seconds(row["created_at"])
            found[row["document_id"]] = min(at, found.get(row["document_id"], at))
        return found

    async def about(self, document_id: str) -> list[Row]:
        """All notices about the document, oldest first."""
        return await self._rows.find({"document_id": document_id}).sort("created_at", 1).to_list(None)


def _seconds(moment: datetime) -> float:
    return moment.timestamp()
