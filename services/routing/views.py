"""Offices as decisions need them, remembered by version and read again when they change."""

import time
from collections.abc import Iterable

from services.routing.office_store import OfficeStore
from services.routing.roster import OfficeView


class Views:
    """An office that is not there is asked for each time, so that a fresh one counts at once."""

    def __init__(self, store: OfficeStore, check_seconds: float) -> None:
        self._store = store
        self._check_seconds = check_seconds
        self._views: dict[str, OfficeView] = {}
        self._checked: dict[str, float] = {}

    async def of(self, offices: Iterable[str]) -> dict[str, OfficeView]:
        """Those that are loaded, at most `check_seconds` old."""
        wanted = set(offices)
        now = time.monotonic()
        due = [each for each in wanted if now - self._checked.get(each, float("-inf")) >= self._check_seconds]
        if due:
            await self._refresh(due, now)
        return {each: self._views[each] for each in wanted if each in self._views}

    async def _refresh(self, offices: list[str], now: float) -> None:
        for office, version in (await self._store.versions(offices)).items():
            known = self._views.get(office)
            if known is None or known.version != version:
                view = await self._store.view(office)
                if view is not None:
                    self._views[office] = view
            self._checked[office] = now
