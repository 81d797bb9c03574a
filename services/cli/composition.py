"""The four services by name, each built by its own composition root."""

from collections.abc import Callable, Sequence

from services.chassis.service import Service
from services.cli.installation import Installation
from services.cli.names import Name
from services.intake.app import build as build_intake
from services.intake.settings import IntakeSettings
from services.notify.app import build as build_notify
from services.notify.settings import NotifySettings
from services.reporting.app import build as build_reporting
from services.reporting.settings import ReportingSettings
from services.routing.app import build as build_routing
from services.routing.settings import RoutingSettings

BUILDERS: dict[Name, Callable[[Installation, dict[str, object]], Service]] = {
    Name.INTAKE: lambda here, given: build_intake(here.settings(IntakeSettings, **given)),
    Name.ROUTING: lambda here, given: build_routing(here.settings(RoutingSettings, **given)),
    Name.NOTIFY: lambda here, given: build_notify(here.settings(NotifySettings, **given)),
    Name.REPORTING: lambda here, given: build_reporting(here.settings(ReportingSettings, **given)),
}


def compose(names: Sequence[Name], here: Installation, given: dict[str, object]) -> list[Service]:
    return [BUILDERS[name](here, given) for name in names]
