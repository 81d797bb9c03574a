"""routing's options, on top of those that all services share."""

from pydantic import Field

from services.chassis.settings import ChassisSettings


class RoutingSettings(ChassisSettings):
    """One sentence and a unit per option; each default is safe in production."""

    consume_batch_records: int = Field(
        default=1000, ge=1, le=5000, description="As for every service; most are new documents, in records."
    )
    routing_office_check_seconds: float = Field(
        default=2.0, gt=0, description="How old routing's view of an office's people and rules may be, in seconds."
    )
