"""One person's action on one assignment: seen, allowed, at the expected version, then done in one transaction."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from services.chassis.auth import forbidden, require
from services.chassis.errors import NotFound, Problem, VersionConflict
from services.chassis.journal import Journal
from services.chassis.mongo import Session
from services.events import (
    AssignmentAccepted,
    AssignmentEvent,
    AssignmentRecalled,
    AssignmentReturned,
    AssignmentState,
    AssignmentStatus,
    ClockResumed,
    ClockStopped,
    CoordinatorsChanged,
    DeadlineMoved,
    DocumentAssigned,
    DocumentCompleted,
    DocumentReopened,
    OpinionGiven,
    WorkHandedOn,
    WorkStarted,
)
from services.policy import Action, Viewer
from services.routing.actions import Outcome, Refusal, dated, refusal
from services.routing.assignment import REMEMBERED_ANSWERS, Answered, Entry, Kept, ends, event_of, followed
from services.routing.bodies import ActionBody, AssignmentAnswer, answer_of
from services.routing.corrections import correction_of
from services.routing.deadline import Clock, due, resumed
from services.routing.decision import Reason
from services.routing.handlers import server_clock
from services.routing.moment import Moment
from services.routing.settling import Change
from services.routing.states import ALLOWED, Act
from services.routing.steps import STEPS, Asked, Done
from services.routing.store import Store, lost_races_are_run_again
from services.routing.views import Views
from services.routing.watch import attended

JUST_NOW = timedelta(minutes=5)
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)


SAYS: dict[Act, type[AssignmentEvent]] = {
    Act.APPROVE: DocumentAssigned,
    Act.ACCEPT: AssignmentAccepted,
    Act.START: WorkStarted,
    Act.HAND_ON: WorkHandedOn,
    Act.RETURN: AssignmentReturned,
    Act.REASSIGN: DocumentAssigned,
    Act.RECALL: AssignmentRecalled,
    Act.SET_COORDINATORS: CoordinatorsChanged,
    Act.GIVE_OPINION: OpinionGiven,
    Act.STOP_CLOCK: ClockStopped,
    Act.RESUME_CLOCK: ClockResumed,
    Act.MOVE_DEADLINE: DeadlineMoved,
    Act.COMPLETE: DocumentCompleted,
    Act.REOPEN: DocumentReopened,
}
FIELDS = {
    Refusal.CONFLICT: "/person_id",
    Refusal.OTHER_UNIT: "/person_id",
    Refusal.NO_LEAD: "/lead_person_id",
    Refusal.LEAD_COORDINATES: "/coordinators",
    Refusal.TWICE: "/coordinators",
}
"""Refusals that another body of the same request would not meet."""


@dataclass(frozen=True)
class Acting:
    store: Store
    views: Views
    journal: Journal
    zone: ZoneInfo
    clock: Callable[[], datetime] = server_clock

    async def do(self, viewer: Viewer, document_id: str, act: Act, body: ActionBody) -> AssignmentAnswer:
        """Raises NotFound, VersionConflict, or a Problem that names what stands in the way."""
        now, happened = self._moments(viewer, body)
        view = (await self.views.of([viewer.office])).get(viewer.office)

        async def work(session: Session) -> AssignmentAnswer:
            kept = await self.store.visible(viewer, document_id, session)
            if kept is None or view is None:
                raise NotFound("document")
            _expect_unsealed(kept)
            known = _answered(kept, viewer, body, act)
            if known is not None:
                return known
            _expect(kept, body.expected_version)
            books = await self.store.loads([viewer.office], session)
            asked = Asked(viewer, kept, view, books[viewer.office], now, happened)
            after = _after(asked, act, body, _done(asked, act, body))
            books[viewer.office].shift(kept.state, after.state, now.today)
            with lost_races_are_run_again():
                await self.store.keep([Change(kept, after, None)], session)
                await self.store.shift_loads(books, session)
                if correction := correction_of(kept, after, act, view.people, viewer.person_id, happened.now):
                    await self.store.keep_correction(correction, session)
                await self.journal.append([event_of(after, SAYS[act], now.now)], session)
            return answer_of(after)

        return await self.journal.transact(work)

    def today(self) -> date:
        """The office's day."""
        return Moment(self.clock(), self.zone).today

    def _moments(self, viewer: Viewer, body: ActionBody) -> tuple[Moment, Moment]:
        """The server's, and the one at which it was done."""
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
        return Moment(now, self.zone), Moment(happened_at, self.zone)


def _done(asked: Asked, act: Act, body: ActionBody) -> Done:
    refused = refusal(act, asked.state, asked.who)
    return Done(refused) if refused else STEPS[act](asked, body)


def _expect_unsealed(kept: Kept) -> None:
    """Whoever judges the seal may know of the work, and may still not write a word about it."""
    if kept.state.document.sealed:
        raise Problem(409, "sealed", "The document is sealed.", remedy="Let a security officer confirm or unseal it.")


def _expect(kept: Kept, version: int) -> None:
    if kept.version != version:
        raise VersionConflict(kept.version, kept.state.model_dump(mode="json"))


def _answered(kept: Kept, viewer: Viewer, body: ActionBody, act: Act) -> AssignmentAnswer | None:
    """The first answer to the same request; the id of another request is refused."""
    if body.request_id is None:
        return None
    for each in kept.answered:
        if (each.request_id, each.by) == (body.request_id, viewer.person_id):
            if each.fingerprint != _fingerprint(act, body):
                raise Problem(
                    422,
                    "request-id-reused",
                    "This request_id was used for another request.",
                    field="/request_id",
                    remedy="Give each new request an id of its own.",
                )
            return AssignmentAnswer(document_id=kept.document_id, version=each.version, state=each.state)
    return None


def _fingerprint(act: Act, body: ActionBody) -> str:
    return hashlib.sha256(f"{act}:{body.model_dump_json()}".encode()).hexdigest()


def _state_of(outcome: Outcome, kept: Kept, act: Act) -> AssignmentState:
    if isinstance(outcome, AssignmentState):
        return outcome
    if outcome is Refusal.NOT_ALLOWED:
        raise forbidden(f"{act} this document", " or ".join(sorted(ALLOWED[act])))
    if field := FIELDS.get(outcome):
        code = "conflict-of-interest" if outcome is Refusal.CONFLICT else "no-such-target"
        raise Problem(422, code, f"It cannot be given to them: {outcome}.", field=field, remedy="Name somebody else.")
    raise Problem(
        409,
        "not-possible-now",
        f"You cannot {act} it now. It is {kept.state.status}: {outcome}.",
        remedy="Read it again; its status shows what is possible.",
        extra={"current_version": kept.version, "current": kept.state.model_dump(mode="json")},
    )


def _not_before_assigned(kept: Kept, happened: Moment) -> None:
    assigned_on = kept.state.assigned_on
    if assigned_on is not None and happened.today < assigned_on:
        raise Problem(
            422,
            "before-it-was-assigned",
            f"It was assigned on {assigned_on}; nothing can have been done with it before.",
            field="/happened_at",
            remedy=f"Send a time on {assigned_on} or later.",
        )


def _after(asked: Asked, act: Act, body: ActionBody, done: Done) -> Kept:
    kept = asked.kept
    state = _state_of(done.outcome, kept, act)
    _not_before_assigned(kept, asked.happened)
    state, reason, clock = _dated(asked, state, done)
    entry = Entry(
        version=kept.version + 1,
        what=act,
        recorded_at=asked.now.now,
        happened_at=asked.happened.now,
        by=asked.viewer.person_id,
        lead_person_id=state.lead_person_id,
        note=done.note,
    )
    opinions = kept.opinions if done.opinions is None else done.opinions
    changes = {"state": state, "reason": reason, "clock": clock, "opinions": opinions}
    after = followed(kept, entry, **changes, answered=_remembered(asked, act, body, entry, state))
    return attended(kept, after, asked.view, asked.now)


def _dated(asked: Asked, state: AssignmentState, done: Done) -> tuple[AssignmentState, Reason, Clock | None]:
    """With the deadline that the clock shows now; whatever ends a wait lets it run again."""
    kept = asked.kept
    clock, reason = done.clock or kept.clock, done.reason or kept.reason
    if kept.state.status == AssignmentStatus.WAITING != state.status:
        clock = resumed(clock or asked.clock, asked.happened.local)
    if clock is None or clock == kept.clock:
        return state, reason, clock
    limit = due(clock, asked.view.calendar)
    return dated(state, *ends(limit, asked.now)), replace(reason, due=limit), clock


def _remembered(asked: Asked, act: Act, body: ActionBody, entry: Entry, state: AssignmentState) -> tuple[Answered, ...]:
    if body.request_id is None:
        return asked.kept.answered
    answer = Answered(
        request_id=body.request_id,
        by=asked.viewer.person_id,
        fingerprint=_fingerprint(act, body),
        version=entry.version,
        state=state,
    )
    return (*asked.kept.answered, answer)[-REMEMBERED_ANSWERS:]
