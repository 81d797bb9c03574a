"""What people do with documents meanwhile: accept, complete, correct and void, through the services' own APIs."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.cli.vanthu import Vanthu
from tests.faults.lab import OFFICE, Lab

UNSAID = {"voided_by"}  # no event and no line of the register log has it


@dataclass
class Answered:
    """`said` is what each action was answered with: the newest version and status by document, per service."""

    lab: Lab
    intake: str
    routing: str
    tokens: dict[str, str] = field(default_factory=dict)
    documents: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    assignments: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    def token(self, person: str) -> str:
        vanthu: Vanthu = self.lab.vanthu
        if person not in self.tokens:
            made = vanthu.json("token", "create", "--office", OFFICE, "--person", person)
            self.tokens[person] = made["token"]
        return self.tokens[person]

    async def work_on(self, ids: Sequence[str], chance: random.Random) -> None:
        """In turn: accept; accept and complete; correct; void."""
        async with httpx.AsyncClient(timeout=30) as client:
            for number, id in enumerate(ids):
                if number % 4 < 2:
                    await self._handle(client, id, complete=number % 4 == 1)
                elif number % 4 == 2:
                    await self._correct(client, id, f"V/v sửa lần {chance.randrange(1000)}")
                else:
                    await self._void(client, id)

    async def _handle(self, client: httpx.AsyncClient, id: str, *, complete: bool) -> None:
        place = f"{self.routing}/routing/api/v1/documents/{id}"
        seen = (await _ok(client.get(place, headers=self._as("van-thu")))).json()
        lead = seen["state"]["lead_person_id"]
        body: dict[str, Any] = {"expected_version": seen["version"]}
        done = (await _ok(client.post(f"{place}/accept", headers=self._as(lead), json=body))).json()
        if complete:
            body = {"expected_version": done["version"], "result": "đã trả lời"}
            done = (await _ok(client.post(f"{place}/complete", headers=self._as(lead), json=body))).json()
        self.assignments[id] = done

    async def _correct(self, client: httpx.AsyncClient, id: str, subject: str) -> None:
        place = f"{self.intake}/intake/api/v1/documents/{id}"
        seen = (await _ok(client.get(place, headers=self._as("van-thu")))).json()
        body = {"expected_version": seen["version"], "subject": subject}
        self.documents[id] = (await _ok(client.patch(place, headers=self._as("van-thu"), json=body))).json()

    async def _void(self, client: httpx.AsyncClient, id: str) -> None:
        place = f"{self.intake}/intake/api/v1/documents/{id}"
        seen = (await _ok(client.get(place, headers=self._as("van-thu")))).json()
        body = {"expected_version": seen["version"], "reason": "ghi nhầm sổ"}
        self.documents[id] = (await _ok(client.post(f"{place}/void", headers=self._as("van-thu"), json=body))).json()

    async def still_stands(self) -> None:
        """Fails where an answer that somebody got is true no more."""
        async with httpx.AsyncClient(timeout=30) as client:
            for id, said in self.documents.items():
                place = f"{self.intake}/intake/api/v1/documents/{id}"
                seen = (await _ok(client.get(place, headers=self._as("van-thu")))).json()
                assert {name: seen.get(name) for name in said if name not in UNSAID} == {
                    name: value for name, value in said.items() if name not in UNSAID
                }
            for id, said in self.assignments.items():
                place = f"{self.routing}/routing/api/v1/documents/{id}"
                seen = (await _ok(client.get(place, headers=self._as("van-thu")))).json()
                assert (seen["version"], seen["state"]) == (said["version"], said["state"])

    def _as(self, person: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token(person)}"}


async def _ok(asked: Any) -> httpx.Response:
    answer: httpx.Response = await asked
    assert answer.status_code == 200, answer.text
    return answer
