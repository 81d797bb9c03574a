"""What an operator can set of notify, beside what every service shares."""

from pathlib import Path

from pydantic import Field

from services.chassis.settings import ChassisSettings


class NotifySettings(ChassisSettings):
    news_hours: float = Field(
        default=24.0, gt=0, description="Age after which an event reaches the inbox only, no outside channel, in hours."
    )
    stream_heartbeat_seconds: float = Field(
        default=15.0, gt=0, description="Pause between signs of life on a quiet live stream, in seconds."
    )
    stream_reauthorise_seconds: float = Field(
        default=10.0, gt=0, description="How often a live stream checks that its person still may read, in seconds."
    )
    stream_overlap_seconds: float = Field(
        default=20.0,
        gt=5.0,
        description="How far a resumed stream looks back for late commits (longer than a transaction), in seconds.",
    )
    stream_poll_seconds: float = Field(
        default=1.0, gt=0, description="Pause between looks where MongoDB offers no change stream, in seconds."
    )
    stream_queue_notices: int = Field(
        default=256,
        ge=1,
        description="Notices kept for a slow stream before it is read anew from the database, in rows.",
    )
    webhook_allow_private_addresses: bool = Field(
        default=False, description="Whether webhooks may use plain http and go to private or loopback addresses."
    )
    webhook_ca_file: Path | None = Field(
        default=None, description="Certificate authority that signed the receivers' certificates (PEM file)."
    )
    webhook_timeout_seconds: float = Field(
        default=10.0, gt=0, description="Longest that one attempt may take from first to last byte, in seconds."
    )
    webhook_lease_seconds: float = Field(
        default=60.0, gt=0, description="How long a claimed delivery is left to its claimer, in seconds."
    )
    webhook_poll_seconds: float = Field(
        default=1.0, gt=0, description="Fallback between looks for due deliveries, in seconds."
    )
    webhook_parallel: int = Field(
        default=4, ge=1, le=64, description="Attempts at the same time for one subscriber, in requests."
    )
    webhook_backoff_seconds: tuple[float, ...] = Field(
        default=(5, 60, 300, 1800, 7200, 28800, 32400),
        description="Pauses before the second and each later attempt, within news_hours; then it has failed, in seconds.",
    )
