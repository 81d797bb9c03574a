"""One person's action on one assignment: seen, allowed, at the expected version, then done in one transaction."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from services.chassis.auth import forbidden, require
from services.chassis.errors import NotFound, Problem, VersionConflict
from services.chassis.journal import Journal
from services.chassis.mongo import Session
from services.events import AssignmentEvent, AssignmentState
from services.policy import Action, Viewer
from services.routing.actions import Outcome, Refusal
from services.routing.assignment import REMEMBERED_ANSWERS, Answered, Entry, Kept, event_of, followed
from services.routing.bodies import ActionBody, AssignmentAnswer, answer_of
from services.routing.decision import Reason
from services.routing.handlers import server_clock
from services.routing.settling import Change
from services.routing.store import Store, lost_races_are_run_again
from services.routing.workload import LoadBook

JUST_NOW = timedelta(minutes=5)
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class When:
    """`happened_at` is the office's time of the action, `on` its day there, `now` the server's clock."""

    now: datetime
    happened_at: datetime
    on: date
    today: date


@dataclass(frozen=True, slots=True)
class Done:
    """What an action makes of an assignment. `note` is kept in the history, which only readers see."""

    outcome: Outcome
    note: str | None = None
    reason: Reason | None = None


Step = Callable[[Kept, LoadBook, When], Done]


@dataclass(frozen=True)
class Acting:
    store: Store
    journal: Journal
    zone: ZoneInfo
    clock: Callable[[], datetime] = server_clock

    async def do(
        self, viewer: Viewer, document_id: str, what: str, body: ActionBody, says: type[AssignmentEvent], step: Step
    ) -> AssignmentAnswer:
        """Raises NotFound, VersionConflict, or a Problem that names what stands in the way."""
        when = self._when(viewer, body)

        async def work(session: Session) -> AssignmentAnswer:
            kept = await self.store.visible(viewer, document_id, session)
            if kept is None:
                raise NotFound("document")
            _expect_unsealed(kept)
            known = _answered(kept, viewer, body, what)
            if known is not None:
                return known
            _expect(kept, body.expected_version)
            books = await self.store.loads([viewer.office], session)
            done = step(kept, books[viewer.office], when)
            state = _state_of(done.outcome, kept, what)
            _not_before_assigned(kept, when)
            after = _after(kept, state, done, viewer, body, what, when)
            books[viewer.office].shift(kept.state, state)
            with lost_races_are_run_again():
                await self.store.keep([Change(kept, after, None)], session)
                await self.store.shift_loads(books, session)
                await self.journal.append([event_of(after, says, when.now)], session)
            return answer_of(after)

        return await self.journal.transact(work)

    def _when(self, viewer: Viewer, body: ActionBody) -> When:
        now = self.clock()
        happened_at = body.happened_at or now
        if happened_at > now:
            raise Problem(
                422,
                "in-the-future",
                "It cannot have happened later than now.",
                field="/happened_at",
                remedy="Leave it out for something that is done now, or check the clock.",
            )
        if happened_at < EARLIEST:
            raise Problem(
                422,
                "too-long-ago",
                f"Nothing is entered that happened before {EARLIEST.date()}.",
                field="/happened_at",
                remedy="Check the year.",
            )
        if happened_at < now - JUST_NOW:
            require(viewer, Action.ENTER_LATER, "somebody with the right enter_later")
        return When(now, happened_at, happened_at.astimezone(self.zone).date(), now.astimezone(self.zone).date())


def _expect_unsealed(kept: Kept) -> None:
    """Whoever judges the seal may know of the work, and may still not write a word about it."""
    if kept.state.document.sealed:
        raise Problem(409, "sealed", "The document is sealed.", remedy="Let a security officer confirm or unseal it.")


def _expect(kept: Kept, version: int) -> None:
    if kept.version != version:
        raise VersionConflict(kept.version, kept.state.model_dump(mode="json"))


def _answered(kept: Kept, viewer: Viewer, body: ActionBody, what: str) -> AssignmentAnswer | None:
    """The first answer to the same request; the id of another request is refused."""
    if body.request_id is None:
        return None
    for each in kept.answered:
        if (each.request_id, each.by) == (body.request_id, viewer.person_id):
            if each.fingerprint != _fingerprint(what, body):
                raise Problem(
                    422,
                    "request-id-reused",
                    "This request_id was used for another request.",
                    field="/request_id",
                    remedy="Give each new request an id of its own.",
                )
            return AssignmentAnswer(document_id=kept.document_id, version=each.version, state=each.state)
    return None


def _fingerprint(what: str, body: ActionBody) -> str:
    return hashlib.sha256(f"{what}:{body.model_dump_json()}".encode()).hexdigest()


def _state_of(outcome: Outcome, kept: Kept, what: str) -> AssignmentState:
    if isinstance(outcome, AssignmentState):
        return outcome
    if outcome is Refusal.NOT_THE_LEAD:
        raise forbidden(f"{what} this document", "its lead")
    if outcome is Refusal.CONFLICT:
        raise Problem(
            422, "conflict-of-interest", f"It cannot be given to them: {outcome}.", field="/person_id",
            remedy="Name somebody whom the document does not concern.",
        )  # fmt: skip
    raise Problem(
        409,
        "not-possible-now",
        f"You cannot {what} it now. It is {kept.state.status}: {outcome}.",
        remedy="Read it again; its status shows what is possible.",
        extra={"current_version": kept.version, "current": kept.state.model_dump(mode="json")},
    )


def _not_before_assigned(kept: Kept, when: When) -> None:
    assigned_on = kept.state.assigned_on
    if assigned_on is not None and when.on < assigned_on:
        raise Problem(
            422,
            "before-it-was-assigned",
            f"It was assigned on {assigned_on}; nothing can have been done with it before.",
            field="/happened_at",
            remedy=f"Send a time on {assigned_on} or later.",
        )


def _after(
    kept: Kept, state: AssignmentState, done: Done, viewer: Viewer, body: ActionBody, what: str, when: When
) -> Kept:
    entry = Entry(
        version=kept.version + 1,
        what=what,
        recorded_at=when.now,
        happened_at=when.happened_at,
        by=viewer.person_id,
        lead_person_id=state.lead_person_id,
        note=done.note,
    )
    answered = kept.answered
    if body.request_id is not None:
        answer = Answered(
            request_id=body.request_id,
            by=viewer.person_id,
            fingerprint=_fingerprint(what, body),
            version=entry.version,
            state=state,
        )
        answered = (*answered, answer)[-REMEMBERED_ANSWERS:]
    return followed(kept, entry, state=state, reason=done.reason or kept.reason, answered=answered)
