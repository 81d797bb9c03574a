"""HTTP in: the yearly report, the standard report, and the documents behind every cell of them."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request

from services.chassis.auth import PERSON, UNIT, Staff, require
from services.chassis.copies import Copies
from services.chassis.errors import Problem
from services.chassis.written import WrittenDay
from services.events import Direction
from services.policy import Action, Viewer
from services.reporting.annual import annual_report
from services.reporting.answers import (
    AnnualAnswer,
    FactsAnswer,
    Freshness,
    HandlingAnswer,
    fact_answer,
    handling_answer,
)
from services.reporting.categories import names
from services.reporting.listing import FactQuery, FactState, place_of
from services.reporting.settings import ReportingSettings
from services.reporting.store import ReportingStore
from services.reporting.tally import ANNUAL
from services.reporting.window import BadWindow, Window, window_of

FirstDay = Annotated[WrittenDay, Query(alias="from", description="First day of the window, YYYY-MM-DD.")]
LastDay = Annotated[WrittenDay, Query(alias="to", description="Last day of the window, included.")]
REPORT_READERS = "a clerk, a leader or an auditor"


class Reports:
    """`unapplied` says how many events this process has yet to count, or None when it reads none."""

    def __init__(
        self,
        settings: ReportingSettings,
        store: ReportingStore,
        copies: Copies,
        staff: Staff,
        unapplied: Callable[[], int | None],
    ) -> None:
        self._settings = settings
        self._store = store
        self._copies = copies
        self._staff = staff
        self._unapplied = unapplied
        self.router = APIRouter(prefix="/api/v1")
        self.router.add_api_route("/reports/annual", self.annual, summary="The yearly report")
        self.router.add_api_route("/reports/handling", self.handling, summary="The standard report")
        self.router.add_api_route("/facts", self.facts, summary="The documents behind a cell")

    async def annual(self, request: Request, first_day: FirstDay, last_day: LastDay) -> AnnualAnswer:
        """Incoming by the office's categories, outgoing by kind, beside the table published for the same window."""
        viewer = await self._report_reader(request)
        window = self._window(first_day, last_day)
        sums = await self._store.sums(viewer.office, ANNUAL, window, since_ever=False)
        report = annual_report(
            window,
            {field: until - before for field, (before, until) in sums.get("", {}).items()},
            await self._store.period_counts(viewer.office, window),
            await self._store.published_for(viewer.office, window),
        )
        return AnnualAnswer(first_day=first_day, last_day=last_day, freshness=await self._freshness(), report=report)

    async def handling(
        self, request: Request, by: Literal["unit", "person"], first_day: FirstDay, last_day: LastDay
    ) -> HandlingAnswer:
        """Carried over, new, done and open work, judged at the end of the window's last day, or today if that is earlier."""
        viewer = await self._report_reader(request)
        window = self._window(first_day, last_day)
        judged = window.judged_by(self._today())
        sums = await self._store.sums(viewer.office, by, judged, since_ever=True)
        copies = await self._copies.all(viewer.office, UNIT if by == "unit" else PERSON)
        called = {each[f"{by}_id"]: each["name"] for each in copies}
        return handling_answer(by, window, judged, await self._freshness(), sums, called)

    async def facts(
        self,
        request: Request,
        first_day: FirstDay,
        last_day: LastDay,
        direction: Direction | None = None,
        category: str | None = None,
        unit: str | None = None,
        person: str | None = None,
        state: FactState | None = None,
        after: Annotated[str | None, Query(description="`next` of the page before.")] = None,
        limit: Annotated[int, Query(ge=1, description="Most rows of the page.")] = 100,
    ) -> FactsAnswer:
        """What you may know of. `unassigned` as unit or person lists what nobody has."""
        viewer = await self._staff.viewer(request)
        window = self._window(first_day, last_day)
        _check_category(direction, category)
        if state:
            window = window.judged_by(self._today())
        query = FactQuery(window, direction, category, unit, person, state)
        return await self._page(query, viewer, after, min(limit, self._settings.facts_page_most))

    async def _page(self, query: FactQuery, viewer: Viewer, after: str | None, limit: int) -> FactsAnswer:
        try:
            rows = await self._store.facts(query, viewer, after, limit + 1)
        except ValueError as error:
            remedy = "Send `next` of the page before as it came."
            raise Problem(400, "invalid-page", "There is no such page.", field="/after", remedy=remedy) from error
        page = rows[:limit]
        following = place_of(query, page[-1]) if len(rows) > limit else None
        return FactsAnswer(facts=[fact_answer(row) for row in page], next=following)

    async def _report_reader(self, request: Request) -> Viewer:
        viewer = await self._staff.viewer(request)
        require(viewer, Action.READ_REPORTS, REPORT_READERS)
        return viewer

    def _window(self, first_day: date, last_day: date) -> Window:
        try:
            return window_of(first_day, last_day, self._settings.report_longest_window_days)
        except BadWindow as bad:
            remedy = "Both days are included; write them as YYYY-MM-DD."
            raise Problem(400, "invalid-window", str(bad), field=f"/{bad.name}", remedy=remedy) from bad

    def _today(self) -> date:
        return datetime.now(self._settings.zone).date()

    async def _freshness(self) -> Freshness:
        return Freshness(as_of=await self._store.freshness(), unapplied=self._unapplied())


def _check_category(direction: Direction | None, category: str | None) -> None:
    known: set[Any] = {name for each in Direction if direction in {None, each} for name in names(each)}
    if category is not None and category not in known:
        raise Problem(
            400,
            "unknown-category",
            "There is no such category.",
            field="/category",
            remedy=f"Choose one of {', '.join(sorted(known))}.",
        )
