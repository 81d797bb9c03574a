"""What intake hears of assignments decides who may read."""

from datetime import UTC, date, datetime

import httpx

from services.events import (
    AssignmentState,
    AssignmentStatus,
    Coordinator,
    DocumentAssigned,
    DocumentBrief,
    PersonChanged,
    PersonState,
)
from tests.eventually import eventually
from tests.harness import as_bearer, speaker
from tests.intake.conftest import Running
from tests.offices import HA_TINH, NGHE_AN, token


def assigned(document_id: str, person: str, version: int = 1, office: str = HA_TINH) -> DocumentAssigned:
    return DocumentAssigned(
        office=office,
        key=document_id,
        version=version,
        recorded_at=datetime.now(UTC),
        assignment=AssignmentState(
            document_id=document_id,
            status=AssignmentStatus.ASSIGNED,
            document=DocumentBrief(book="incoming", year=2016, number=1, arrived_on=date(2016, 1, 4)),
            lead_unit_id="NC",
            lead_person_id=person,
            coordinators=(Coordinator(unit_id="KT", person_id="minh"),),
        ),
    )


async def may_read(intake: Running, document_id: str, person: str, office: str = HA_TINH) -> bool:
    response: httpx.Response = await intake.client.get(
        f"/intake/api/v1/documents/{document_id}", headers=as_bearer(token(person, office))
    )
    assert response.status_code in {200, 404}
    return response.status_code == 200


async def test_an_assignment_lets_its_people_read_and_a_newer_one_takes_it_away(intake: Running) -> None:
    open_id = (await intake.scanner.post({"conflicted_person_ids": ["head-kt"]})).json()["id"]
    restricted_id = (await intake.scanner.post({"restricted": True})).json()["id"]
    foreign_id = (await intake.neighbour.post({})).json()["id"]
    assert not await may_read(intake, open_id, "hoa")
    async with speaker(intake.settings, "routing") as routing:
        await routing.say(
            assigned(open_id, "hoa"), assigned(restricted_id, "hoa"), assigned(foreign_id, "hoa", office=HA_TINH)
        )
        await eventually(lambda: may_read(intake, restricted_id, "hoa"))
        assert await may_read(intake, open_id, "hoa")
        assert await may_read(intake, open_id, "minh")
        assert await may_read(intake, open_id, "head-nc")
        assert not await may_read(intake, open_id, "head-kt")  # the document concerns them
        assert not await may_read(intake, restricted_id, "head-nc")
        assert not await may_read(intake, foreign_id, "hoa", NGHE_AN)
        clerk = as_bearer(token("clerk"))
        change = {"expected_version": 1, "subject": "corrected"}
        response = await intake.client.patch(f"/intake/api/v1/documents/{open_id}", json=change, headers=clerk)
        assert response.status_code == 200
        assert await may_read(intake, open_id, "hoa")
        await routing.say(assigned(open_id, "lan", 2), assigned(open_id, "lan", 3))
        await eventually(lambda: may_read(intake, open_id, "lan"))
        assert not await may_read(intake, open_id, "hoa")


async def test_a_disabled_person_is_out_within_seconds(intake: Running) -> None:
    document_id = (await intake.scanner.post({})).json()["id"]
    assert await may_read(intake, document_id, "leader")
    gone = PersonChanged(
        office=HA_TINH,
        key=f"{HA_TINH}:person:leader",
        version=2,
        recorded_at=datetime.now(UTC),
        person=PersonState(person_id="leader", name="leader", unit_id="TH", roles=("leader",), disabled=True),
    )
    async with speaker(intake.settings, "routing") as routing:
        await routing.say(gone)

        async def refused() -> bool:
            path = f"/intake/api/v1/documents/{document_id}"
            response = await intake.client.get(path, headers=as_bearer(token("leader")))
            return response.status_code == 401

        await eventually(refused)
