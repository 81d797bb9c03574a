"""The keys of the demo's devices and the tokens of its people: made once, kept for an interrupted demo."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from services.demo.commands import Commands
from services.demo.folder import DemoFolder
from services.demo.year import INCOMING_DEVICES, OFFICE_DEVICE, OUTGOING_DEVICE
from services.policy import Role

OFFICE_FILE = Path(__file__).parent / "office.json"
KEPT = "keys.json"
DOORS = {
    **dict.fromkeys(INCOMING_DEVICES, ("incoming", "incoming")),
    OUTGOING_DEVICE: ("outgoing", "outgoing"),
    OFFICE_DEVICE: ("outgoing", "outgoing-office"),
}


@dataclass(frozen=True)
class Office:
    """Who is there in the demo's office, as its file says. `specialists` are those who get work."""

    id: str
    clerk: str
    leader: str
    specialists: tuple[str, ...]
    names: Mapping[str, str]

    @classmethod
    def read(cls, file: Path = OFFICE_FILE) -> "Office":
        said = json.loads(file.read_text(encoding="utf-8"))
        people: list[dict[str, Any]] = said["people"]
        by_role = {role: [each["id"] for each in people if role in each.get("roles", ())] for role in Role}
        return cls(
            id=said["office"],
            clerk=by_role[Role.CLERK][0],
            leader=by_role[Role.LEADER][0],
            specialists=tuple(by_role[Role.SPECIALIST]),
            names={each["id"]: each["name"] for each in (*people, *said["units"])},
        )

    def name(self, id: str) -> str:
        """Of a person or a unit."""
        return self.names.get(id, id)


@dataclass(frozen=True)
class Tokens:
    clerk: str
    leader: str


async def device_keys(commands: Commands, folder: DemoFolder, office: str) -> dict[str, str]:
    """By device. A key that is lost is made anew: a device may have several."""
    known: dict[str, str] = folder.recall(KEPT)
    missing = [device for device in DOORS if device not in known]
    made = await asyncio.gather(*(_key(commands, office, device) for device in missing))
    keys = known | dict(zip(missing, made, strict=True))
    folder.keep(KEPT, keys)
    return keys


async def _key(commands: Commands, office: str, device: str) -> str:
    door, book = DOORS[device]
    said = ("--office", office, "--device", device, "--door", door, "--book", book, "--json")
    return str(json.loads(await commands.output("key", "create", *said))["key"])


async def tokens(commands: Commands, office: Office) -> Tokens:
    """Made for each run: they are good for hours, a demo may be continued after days."""
    clerk, leader = await asyncio.gather(
        *(_token(commands, office.id, person) for person in (office.clerk, office.leader))
    )
    return Tokens(clerk, leader)


async def _token(commands: Commands, office: str, person: str) -> str:
    said = ("--office", office, "--person", person, "--json")
    return str(json.loads(await commands.output("token", "create", *said))["token"])
