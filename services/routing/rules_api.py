"""HTTP in: which rules there are, and what a draft of them would change."""

from dataclasses import dataclass
from datetime import date, tzinfo
from typing import Any

import orjson
from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from services.chassis.auth import Staff, require
from services.chassis.errors import NotFound, Problem
from services.chassis.written import WrittenDay
from services.policy import Action
from services.routing.faults import OfficeFaulty
from services.routing.office_store import OfficeStore
from services.routing.replay import told
from services.routing.store import Store
from services.routing.trying import as_it_was, draft_of, try_draft

MOST_DOCUMENTS = 5_000  # some seconds; more is for `vanthu rules try`
READERS = "a clerk, a leader or an auditor"


class TryBody(BaseModel):
    """Both days are included."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    draft: dict[str, Any] = Field(description="A table (JDM), a calendar, or a whole office file.")
    first_day: WrittenDay
    last_day: WrittenDay


class RuleVersionView(BaseModel):
    """A day that is null has no end on that side."""

    version: int
    valid_from: date | None
    valid_to: date | None
    author: str
    note: str


@dataclass(frozen=True)
class RulesApi:
    staff: Staff
    store: Store
    offices: OfficeStore
    zone: tzinfo

    @property
    def router(self) -> APIRouter:
        router = APIRouter(prefix="/api/v1/rules")
        router.add_api_route("", self.versions, summary="Every version of the rules there ever was")
        router.add_api_route("/try", self.try_, methods=["POST"], summary="What a draft would change; writes nothing")
        return router

    async def versions(self, request: Request) -> list[RuleVersionView]:
        """Oldest first."""
        viewer = await self.staff.viewer(request)
        require(viewer, Action.READ_REPORTS, READERS)
        return [
            RuleVersionView(
                version=each.version,
                valid_from=None if each.valid_from == date.min else each.valid_from,
                valid_to=None if each.valid_to == date.max else each.valid_to,
                author=each.author,
                note=each.note,
            )
            for each in await self.offices.rules.versions(viewer.office)
        ]

    async def try_(self, request: Request, body: TryBody) -> dict[str, Any]:
        """Past documents decided as now and by the draft. Restricted ones are only counted."""
        viewer = await self.staff.viewer(request)
        require(viewer, Action.READ_REPORTS, READERS)
        now = await as_it_was(self.offices, viewer.office, body.first_day)
        if now is None:
            raise NotFound("office")
        days = body.first_day, body.last_day
        await self._expect_few(viewer.office, *days)
        try:
            draft = draft_of(orjson.dumps(body.draft), now, body.last_day)
            tried = await try_draft(self.store, now, draft, self.zone, *days, progress=lambda: None)
        except OfficeFaulty as faulty:
            raise _refused(faulty) from faulty
        return told(tried.trial, tried.before, tried.after)

    async def _expect_few(self, office: str, first: date, last: date) -> None:
        count = await self.store.count_arrived(office, first, last)
        if count > MOST_DOCUMENTS:
            raise Problem(
                422, "too-many-documents", f"{count} documents arrived then; {MOST_DOCUMENTS} can be tried at once.",
                field="/last_day", remedy="Name fewer days, or use: vanthu rules try FILE",
            )  # fmt: skip


def _refused(faulty: OfficeFaulty) -> Problem:
    """Named by its first fault."""
    first = faulty.faults[0]
    return Problem(
        422, "draft-faulty", first.detail, field=f"/draft{first.pointer.removeprefix('/rules')}",
        remedy="Correct the places named in faults.",
        extra={"faults": [{"pointer": each.pointer, "detail": each.detail} for each in faulty.faults]},
    )  # fmt: skip
