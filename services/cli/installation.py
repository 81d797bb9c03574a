"""Which installation a command means: `VANTHU_*` first, then the one that `vanthu up` runs in this folder."""

import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, TypeVar

import psutil
import typer
from pydantic import SecretStr, ValidationError

from services.chassis.errors import Failure
from services.chassis.settings import ChassisSettings
from services.cli.terminal import fail

S = TypeVar("S", bound=ChassisSettings)
DataOption = Annotated[
    Path,
    typer.Option("--data", envvar="VANTHU_DATA", file_okay=False, help="Folder of the installation's data."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for a program instead of words for a person.")]
DEFAULT_DATA = Path("var")


@dataclass(frozen=True)
class Running:
    """What `vanthu up` notes in `DATA/run/up.json` while it runs."""

    pid: int
    url: str
    mongo_url: str
    kafka_bootstrap: str
    metrics_token: str


class SettingsFaulty(Failure):
    """What the environment says of an option cannot be."""


def read_settings(kind: type[S], **given: Any) -> S:
    """Raises SettingsFaulty, which names each variable and not its value: that may be a secret."""
    try:
        return kind(**given)
    except ValidationError as error:
        faults = [f"VANTHU_{'_'.join(map(str, each['loc'])).upper()}: {each['msg']}" for each in error.errors()]
        raise SettingsFaulty(f"{'; '.join(faults)}. `vanthu settings` says what each option may be.") from None


@dataclass(frozen=True)
class Installation:
    data: Path

    @property
    def note(self) -> Path:
        return self.data / "run" / "up.json"

    def running(self) -> Running | None:
        """The `vanthu up` that runs in this folder now."""
        try:
            noted = Running(**json.loads(self.note.read_text()))
        except (OSError, ValueError, TypeError):
            return None
        return noted if _is_vanthu_up(noted.pid) else None

    def settings(self, kind: type[S], **given: Any) -> S:
        """Settings of one service, pointed at this installation. Raises SettingsFaulty."""
        return read_settings(kind, **{**self._embedded(), **given})

    def _embedded(self) -> dict[str, Any]:
        values: dict[str, Any] = {"data_folder": self.data} if "VANTHU_DATA_FOLDER" not in os.environ else {}
        running = self.running()
        if running is None:
            return values
        if "VANTHU_MONGO_URL" not in os.environ:
            values["mongo_url"] = SecretStr(running.mongo_url)
        if "VANTHU_KAFKA_BOOTSTRAP" not in os.environ:
            values |= {"kafka_bootstrap": running.kafka_bootstrap, "kafka_replication": 1}
        return values

    def metrics_token(self) -> str:
        """Made at the first start and kept, readable by the owner only."""
        given = os.environ.get("VANTHU_METRICS_TOKEN")
        path = self.data / "run" / "metrics-token"
        if given:
            return given
        if not path.exists():
            write_private(path, secrets.token_urlsafe(24))
        return path.read_text().strip()

    def take_note(self, running: Running) -> None:
        write_private(self.note, json.dumps(running.__dict__))

    def drop_note(self) -> None:
        self.note.unlink(missing_ok=True)


def installed(data: Path) -> Installation:
    """The installation that a command is to work on. Fails where nothing says which servers it has."""
    here = Installation(data.resolve())
    if here.running() is None and "mongo_url" not in here.settings(ChassisSettings).model_fields_set:
        fail(
            f"No `vanthu up` runs in {here.data}, and VANTHU_MONGO_URL names no server.",
            "Start `vanthu up`, name the folder of the one that runs with --data, or set VANTHU_MONGO_URL.",
        )
    return here


def _is_vanthu_up(pid: int) -> bool:
    """A killed process leaves its note, and somebody else may have its number by now, even we ourselves."""
    if pid == os.getpid():
        return False
    try:
        return "up" in psutil.Process(pid).cmdline()
    except psutil.Error:
        return False


def write_private(path: Path, text: str) -> None:
    """Replace the file in one step; only its owner may read it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(path.name + ".new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    draft.replace(path)
