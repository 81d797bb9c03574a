"""What staff see of an assignment and do with it, over HTTP."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from services.chassis.settings import ChassisSettings
from services.events import DocumentSealed
from services.routing.app import build
from services.routing.settings import RoutingSettings
from services.routing.workload import Load, recomputed
from tests.harness import as_bearer, running
from tests.offices import HA_TINH, NGHE_AN
from tests.routing.small_office import NOW, STAFF, document, load_office, office, received, tokens, voided
from tests.routing.test_routing import Taking

TODAY = datetime.now(UTC).date()
PATH = "/routing/api/v1/documents"


class Staff:
    """People of the small office, each with a token."""

    def __init__(self, client: httpx.AsyncClient, known: dict[str, str], taking: Taking) -> None:
        self.client = client
        self.tokens = known
        self.taking = taking

    async def see(self, person: str, id: str = "a") -> httpx.Response:
        return await self.client.get(f"{PATH}/{id}", headers=as_bearer(self.tokens[person]))

    async def list(self, person: str, which: str = "mine", **query: Any) -> httpx.Response:
        query = {"list": which, **query}
        return await self.client.get(PATH, params=query, headers=as_bearer(self.tokens[person]))

    async def do(self, person: str, action: str, version: int = 1, id: str = "a", **body: Any) -> httpx.Response:
        body = {"expected_version": version, **body}
        return await self.client.post(f"{PATH}/{id}/{action}", json=body, headers=as_bearer(self.tokens[person]))

    async def loads_are_right(self) -> bool:
        rows = self.taking.foundation.database["loads"].find({"office": HA_TINH, "total": {"$ne": 0}})
        kept = {row["person_id"]: Load(row["open"], row["total"]) async for row in rows}
        return kept == recomputed([state async for state in self.taking.store.states(HA_TINH)])


@asynccontextmanager
async def at_work(settings: ChassisSettings, *events: Any) -> AsyncIterator[Staff]:
    """The office loaded, `a` received (NC's, led by hoa) or the given events instead."""
    await load_office(settings, office(HA_TINH), office(NGHE_AN))
    known = await tokens(settings, *STAFF)
    known["stranger"] = (await tokens(settings, "clerk", office=NGHE_AN))["clerk"]
    taking = Taking(settings)
    async with running(build(RoutingSettings(**settings.model_dump()))) as client:
        await taking.take(*(events or [received("a", arrived_on=TODAY)]))
        yield Staff(client, known, taking)
    taking.foundation.client.close()


async def test_readers_see_the_state_and_the_reason_and_others_nothing(settings: ChassisSettings) -> None:
    async with at_work(settings) as staff:
        shown = (await staff.see("hoa")).json()
        assert (shown["version"], shown["state"]["status"]) == (1, "assigned")
        assert shown["reason"]["row_name"] == "row petition"
        assert [each["person_id"] for each in shown["reason"]["candidates"]] == ["hoa", "lan", "head-nc"]
        assert shown["reason"]["due"]["working_days"] == 5
        assert [each["what"] for each in shown["history"]] == ["assigned"]
        seen = {person for person in staff.tokens if (await staff.see(person)).status_code == 200}
        assert seen == {"hoa", "clerk", "leader", "leader-two", "auditor", "head-nc", "head-kt", "head-th"}
        assert (await staff.see("lan")).status_code == 404
        assert (await staff.see("clerk", "nothing")).status_code == 404


async def test_nothing_answers_without_a_token(settings: ChassisSettings) -> None:
    async with at_work(settings) as staff:
        assert (await staff.client.get(f"{PATH}/a")).status_code == 401
        assert (await staff.client.get(PATH, headers=as_bearer("x.y.z"))).status_code == 401
        refused = await staff.client.post(f"{PATH}/a/accept", json={"expected_version": 1})
        assert refused.status_code == 401


async def test_a_document_is_accepted_then_completed(settings: ChassisSettings) -> None:
    async with at_work(settings) as staff:
        accepted = await staff.do("hoa", "accept")
        assert accepted.status_code == 200, accepted.text
        assert (accepted.json()["version"], accepted.json()["state"]["status"]) == (2, "accepted")
        done = (await staff.do("hoa", "complete", 2, result="Công văn 12/UBND-NC")).json()
        assert done["state"]["completed_on"] in {TODAY.isoformat(), (TODAY + timedelta(days=1)).isoformat()}
        types = [row["type"] async for row in staff.taking.foundation.journal.read(key="a")]
        assert types == [
            "vanthu.document-assigned.v1",
            "vanthu.assignment-accepted.v1",
            "vanthu.document-completed.v1",
        ]
        assert await staff.loads_are_right()
        assert [each["by"] for each in (await staff.see("hoa")).json()["history"]] == [None, "hoa", "hoa"]


async def test_somebody_elses_work_is_not_ones_own_to_do(settings: ChassisSettings) -> None:
    async with at_work(settings) as staff:
        assert (await staff.do("clerk", "accept")).status_code == 403
        assert (await staff.do("lan", "accept")).status_code == 404
        assert (await staff.do("stranger", "accept")).status_code == 404
        assert (await staff.do("hoa", "reassign", person_id="lan")).status_code == 403
        assert (await staff.see("clerk")).json()["version"] == 1


async def test_an_old_version_is_a_conflict_that_shows_the_current_state(settings: ChassisSettings) -> None:
    async with at_work(settings) as staff:
        await staff.do("hoa", "accept")
        conflict = await staff.do("hoa", "complete", 1, result="xong")
        assert (conflict.status_code, conflict.json()["current_version"]) == (409, 2)
        assert conflict.json()["current"]["status"] == "accepted"
        again = await staff.do("hoa", "accept", 2)
        assert (again.status_code, again.json()["type"]) == (409, "urn:vanthu:problem:not-possible-now")


async def test_returned_work_waits_on_the_clerks_list_until_somebody_is_named(settings: ChassisSettings) -> None:
    async with at_work(settings) as staff:
        assert (await staff.do("hoa", "return")).json()["field"] == "/reason"
        returned = (await staff.do("hoa", "return", reason="Không thuộc Nội chính")).json()
        assert (returned["state"]["status"], returned["state"]["lead_person_id"]) == ("returned", None)
        assert (await staff.see("hoa")).status_code == 404
        listed = (await staff.list("clerk", "unassigned")).json()
        assert [each["document_id"] for each in listed["items"]] == ["a"]
        assert (await staff.list("hoa", "unassigned")).json()["items"] == []
        given = (await staff.do("clerk", "reassign", 2, unit_id="KT", note="Xem giúp")).json()
        assert (given["state"]["lead_person_id"], given["state"]["note"]) == ("minh", "Xem giúp")
        assert (await staff.see("clerk")).json()["reason"]["decided_by"] == "clerk"
        assert (await staff.list("clerk", "unassigned")).json()["items"] == []
        assert await staff.loads_are_right()


async def test_a_head_gives_work_on_within_the_unit_only(settings: ChassisSettings) -> None:
    async with at_work(settings) as staff:
        assert (await staff.do("head-nc", "reassign", person_id="minh")).status_code == 403
        assert (await staff.do("head-kt", "reassign", person_id="minh")).status_code == 403
        given = await staff.do("head-nc", "reassign", person_id="lan")
        assert given.json()["state"]["lead_person_id"] == "lan"


async def test_a_target_that_cannot_be_is_named(settings: ChassisSettings) -> None:
    async with at_work(settings, received("a", conflicted_person_ids=("minh",))) as staff:
        targets: list[tuple[dict[str, Any], str]] = [
            ({}, "/person_id"),
            ({"person_id": "xuan"}, "/person_id"),
            ({"unit_id": "XX"}, "/unit_id"),
            ({"person_id": "lan", "unit_id": "KT"}, "/unit_id"),
            ({"person_id": "minh"}, "/person_id"),
        ]
        for body, field in targets:
            refused = await staff.do("leader", "reassign", **body)
            assert (refused.status_code, refused.json()["field"]) == (422, field), refused.text
        assert (await staff.do("leader", "reassign", person_id="hoa")).status_code == 409


async def test_the_same_request_again_gets_the_same_answer_and_is_done_once(settings: ChassisSettings) -> None:
    async with at_work(settings) as staff:
        first = await staff.do("hoa", "accept", request_id="request-1")
        await staff.do("hoa", "complete", 2, result="xong")
        again = await staff.do("hoa", "accept", request_id="request-1")
        assert (again.status_code, again.json()) == (200, first.json())
        other = await staff.do("hoa", "return", request_id="request-1", reason="nhầm")
        assert (other.status_code, other.json()["field"]) == (422, "/request_id")
        assert (await staff.see("hoa")).json()["version"] == 3


async def test_work_is_entered_later_only_with_that_right_and_never_ahead(settings: ChassisSettings) -> None:
    past, now = received("a"), received("b", version=1, arrived_on=TODAY, kind="cong_van", symbol="1/UBND-KT")
    async with at_work(settings, past, now) as staff:
        assert (await staff.see("hoa")).json()["state"]["assigned_on"] == "2016-02-05"
        done = await staff.do("hoa", "complete", result="xong", happened_at="2016-02-16T10:00:00+07:00")
        assert done.json()["state"]["completed_on"] == "2016-02-16"
        late = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
        assert (await staff.do("minh", "complete", id="b", result="xong", happened_at=late)).status_code == 403
        ahead = (datetime.now(UTC) + timedelta(minutes=1)).isoformat()
        refused = await staff.do("minh", "complete", id="b", result="xong", happened_at=ahead)
        assert (refused.status_code, refused.json()["field"]) == (422, "/happened_at")
        for senseless in ("0001-01-01T00:00:00+14:00", "1999-12-31T00:00:00Z", "9999-12-31T23:59:59-14:00"):
            refused = await staff.do("hoa", "complete", result="xong", happened_at=senseless)
            assert (refused.status_code, refused.json()["field"]) == (422, "/happened_at")
        unclear = await staff.do("minh", "complete", id="b", result="xong", happened_at="2016-02-16T10:00:00")
        assert unclear.json()["field"] == "/happened_at"


async def test_nothing_is_done_before_it_was_assigned(settings: ChassisSettings) -> None:
    async with at_work(settings, received("a")) as staff:
        refused = await staff.do("hoa", "complete", result="xong", happened_at="2016-02-04T10:00:00+07:00")
        assert (refused.status_code, refused.json()["field"]) == (422, "/happened_at")


async def test_a_restricted_document_is_seen_by_its_few_and_its_words_stay(settings: ChassisSettings) -> None:
    restricted = received("a", arrived_on=TODAY, restricted=True, subject=None, conflicted_person_ids=("head-kt",))
    async with at_work(settings, restricted) as staff:
        seen = {person for person in staff.tokens if (await staff.see(person)).status_code == 200}
        assert seen == {"hoa", "leader", "security", "head-th", "minh"}
        returned = (await staff.do("hoa", "return", reason="Tôi quen người này")).json()
        assert returned["state"]["note"] is None
        shown = (await staff.see("leader")).json()
        assert shown["history"][-1]["note"] == "Tôi quen người này"
        given = await staff.do("leader", "reassign", 2, person_id="lan")
        assert given.json()["state"]["lead_person_id"] == "lan"


async def test_a_restricted_document_that_nobody_could_take_is_given_out_by_whoever_decides_on_it(
    settings: ChassisSettings,
) -> None:
    concerned = ("hoa", "lan", "head-nc", "leader")
    restricted = received("a", arrived_on=TODAY, restricted=True, subject=None, conflicted_person_ids=concerned)
    async with at_work(settings, restricted) as staff:
        seen = {person for person in staff.tokens if (await staff.see(person)).status_code == 200}
        assert seen == {"leader-two", "security"}
        waiting = {person: (await staff.list(person, "unassigned")).json()["items"] for person in ("clerk", *seen)}
        assert {person: len(items) for person, items in waiting.items()} == {
            "clerk": 0, "leader-two": 1, "security": 1
        }  # fmt: skip
        shown = (await staff.see("leader-two")).json()["state"]
        assert (shown["status"], shown["deciding_person_id"]) == ("unassigned", "leader-two")
        assert (await staff.do("clerk", "reassign", person_id="minh")).status_code == 404
        assert (await staff.do("security", "reassign", person_id="minh")).status_code == 403
        given = await staff.do("leader-two", "reassign", person_id="minh")
        assert (given.status_code, given.json()["state"]["lead_person_id"]) == (200, "minh")
        assert (await staff.see("minh")).status_code == 200


async def test_lists_are_paged_by_document_and_follow_what_happens(settings: ChassisSettings) -> None:
    events = [received(f"d{number}", arrived_on=TODAY) for number in range(10)]
    async with at_work(settings, *events) as staff:
        first = (await staff.list("hoa", limit=2)).json()
        assert [each["document_id"] for each in first["items"]] == ["d0", "d2"]
        second = (await staff.list("hoa", limit=3, after=first["next_after"])).json()
        assert [each["document_id"] for each in second["items"]] == ["d4", "d6", "d8"]
        assert second["next_after"] is None
        await staff.do("hoa", "complete", id="d0", result="xong")
        await staff.taking.take(voided("d2"))
        mine = (await staff.list("hoa")).json()["items"]
        assert [each["document_id"] for each in mine] == ["d4", "d6", "d8"]
        assert (await staff.list("hoa", "everything")).status_code == 400


async def test_what_is_withdrawn_can_be_read_but_not_worked_on(settings: ChassisSettings) -> None:
    async with at_work(settings) as staff:
        await staff.taking.take(voided("a"))
        assert (await staff.see("hoa")).json()["state"]["status"] == "withdrawn"
        attempts: list[tuple[str, str, dict[str, Any]]] = [
            ("hoa", "accept", {}),
            ("hoa", "return", {"reason": "nhầm"}),
            ("hoa", "complete", {"result": "xong"}),
            ("clerk", "reassign", {"person_id": "lan"}),
        ]
        for person, action, body in attempts:
            assert (await staff.do(person, action, 2, **body)).status_code == 409


async def test_nobody_writes_about_a_sealed_document_not_even_who_judges_it(settings: ChassisSettings) -> None:
    people = office(HA_TINH)["people"]
    roles = {"security": ["security_officer", "clerk"]}
    changed = [{**each, "roles": roles.get(each["id"], each["roles"])} for each in people]
    async with at_work(settings) as staff:
        await load_office(settings, office(HA_TINH, people=changed))
        said = document("a", sealed=True, subject=None, arrived_on=TODAY)
        await staff.taking.take(DocumentSealed(office=HA_TINH, key="a", version=2, recorded_at=NOW, document=said))
        assert (await staff.see("clerk")).status_code == 404
        assert (await staff.see("security")).status_code == 200
        refused = await staff.do("security", "reassign", 2, person_id="minh", note="CANARY")
        assert refused.status_code == 409
        assert refused.json()["type"] == "urn:vanthu:problem:sealed"


async def test_unknown_fields_are_refused_and_the_interface_is_described(settings: ChassisSettings) -> None:
    async with at_work(settings) as staff:
        refused = await staff.do("hoa", "accept", colour="red")
        assert (refused.status_code, refused.json()["field"]) == (422, "/colour")
        headers = as_bearer(staff.tokens["hoa"])
        openapi = (await staff.client.get("/routing/api/v1/openapi.json", headers=headers)).json()
        assert "/api/v1/documents/{document_id}/reassign" in openapi["paths"]
        asyncapi = await staff.client.get("/routing/api/v1/asyncapi.json", headers=headers)
        assert asyncapi.json()["asyncapi"].startswith("3.")


async def test_two_people_at_once_lead_to_one_answer_and_one_conflict(settings: ChassisSettings) -> None:
    async with at_work(settings) as staff:
        answers = await asyncio.gather(
            staff.do("clerk", "reassign", person_id="lan"), staff.do("leader", "reassign", person_id="minh")
        )
        assert sorted(each.status_code for each in answers) == [200, 409]
        assert await staff.loads_are_right()
