"""`vanthu settings`: every option that a service reads from the environment."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from pydantic.fields import FieldInfo

from services.chassis.settings import ChassisSettings
from services.cli.installation import JsonOption
from services.cli.terminal import new_table, output, print_json
from services.intake.settings import IntakeSettings
from services.notify.settings import NotifySettings
from services.reporting.settings import ReportingSettings
from services.routing.settings import RoutingSettings

READERS: dict[str, type[ChassisSettings]] = {
    "all": ChassisSettings,
    "intake": IntakeSettings,
    "routing": RoutingSettings,
    "notify": NotifySettings,
    "reporting": ReportingSettings,
}


@dataclass(frozen=True)
class Option:
    name: str
    read_by: str
    default: str
    says: str


def settings(json: JsonOption = False) -> None:
    """List every option: its environment variable, who reads it, its default, and what it does."""
    if json:
        print_json([asdict(each) for each in options()])
        return
    table = new_table("variable", "read by", "default", "what it does")
    for each in options():
        table.add_row(each.name, each.read_by, each.default, each.says)
    output.print(table)


def options() -> Iterator[Option]:
    yield Option("VANTHU_DATA", "commands", "var", "Folder of the installation's data, as --data.")
    yield Option("VANTHU_PORT", "up, serve", "8080", "Port to listen on, as --port; 0 takes a free one.")
    yield Option("VANTHU_SECRETS_DIR", "all", "/run/secrets/vanthu", "Folder of mounted secrets, one file per option.")
    for reader, kind in READERS.items():
        for name, field in kind.model_fields.items():
            if reader == "all" or name not in ChassisSettings.model_fields:
                yield Option(f"VANTHU_{name.upper()}", reader, _default(field), field.description or "")


def _default(field: FieldInfo) -> str:
    if field.default_factory is not None:
        return "made at the start"
    value: Any = field.default
    secret = getattr(value, "get_secret_value", None)
    return str(secret() if secret else "" if value is None else value)
