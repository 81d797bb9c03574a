"""People at work: they correct, void, return, give on and complete documents through the services' own APIs."""

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.faults.evidence import gather
from tests.faults.lab import OFFICE, Lab

CLERK = "van-thu"
MOST_PEOPLE = 3
STORIES = (
    ("complete",),
    ("accept", "complete"),
    ("return", "reassign", "complete"),
    ("correct", "complete"),
    ("correct", "correct", "return"),
    ("void",),
    ("correct", "void"),
    ("complete", "void"),
    ("return", "void"),
    ("complete", "correct"),
)


@dataclass
class Staff:
    """`done` counts what was carried out; a refusal is as good, for it says nothing to anybody."""

    lab: Lab
    intake: str
    routing: str
    chance: random.Random
    done: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    tokens: dict[str, str] = field(default_factory=dict)
    client: httpx.AsyncClient = field(default_factory=lambda: httpx.AsyncClient(timeout=20))

    async def work(self) -> None:
        """One story for each document whose lead can be asked, all at the same time."""
        rows = (await gather(self.lab.place)).assignments
        leads = Counter(row["state"]["lead_person_id"] for row in rows)
        people = [CLERK, *(person for person, _ in leads.most_common(MOST_PEOPLE))]
        self.tokens = {each: await self._token(each) for each in people}
        mine = sorted((row["document_id"], row["state"]["lead_person_id"]) for row in rows)
        mine = [each for each in mine if each[1] in self.tokens]
        async with self.client:
            stories = [self._story(*each, STORIES[place % len(STORIES)], people) for place, each in enumerate(mine)]
            await asyncio.gather(*stories)

    async def _token(self, person: str) -> str:
        command = ("token", "create", "--office", OFFICE, "--person", person)
        token: str = (await asyncio.to_thread(self.lab.vanthu.json, *command))["token"]
        return token

    async def _story(self, document: str, lead: str, story: Sequence[str], people: Sequence[str]) -> None:
        for what in story:
            await asyncio.sleep(self.chance.random() * 2)
            if what == "reassign":
                lead = self.chance.choice([each for each in people[1:] if each != lead] or [lead])
            method, url, by, body = self._request(what, document, lead)
            answer = await self._ask("GET", url, by)
            if answer.status_code == 200:
                body["expected_version"] = answer.json()["version"]
                path = "" if what == "correct" else f"/{what}"
                answer = await self._ask(method, url + path, by, json=body)
            assert answer.status_code < 500, answer.text
            (self.done if answer.is_success else self.refused)[what] += 1

    def _request(self, what: str, document: str, lead: str) -> tuple[str, str, str, dict[str, Any]]:
        intake, routing = (
            f"{self.intake}/intake/api/v1/documents/{document}",
            f"{self.routing}/routing/api/v1/documents/{document}",
        )
        if what == "void":
            return "POST", intake, CLERK, {"reason": "quét hai lần"}
        if what == "correct":
            day = f"2026-0{self.chance.randint(1, 6)}-1{self.chance.randint(0, 9)}"
            kind = self.chance.choice(["giay_moi", "petition", "cong_van", "quyet_dinh"])
            return "PATCH", intake, CLERK, {"kind": kind, "arrived_on": day}
        said = {"return": {"reason": "nhầm phòng"}, "reassign": {"person_id": lead}, "complete": {"result": "xong"}}
        return "POST", routing, CLERK if what == "reassign" else lead, {**said.get(what, {})}

    async def _ask(self, method: str, url: str, by: str, **more: Any) -> httpx.Response:
        return await self.client.request(method, url, headers={"Authorization": f"Bearer {self.tokens[by]}"}, **more)
