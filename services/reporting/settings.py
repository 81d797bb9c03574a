"""Settings of reporting."""

from pydantic import Field

from services.chassis.settings import ChassisSettings


class ReportingSettings(ChassisSettings):
    consume_gather_milliseconds: int = Field(
        default=750,
        ge=0,
        description="As for every service; a document's events that come together cost one write, in milliseconds.",
    )
    consume_batch_records: int = Field(
        default=2000, ge=1, le=5000, description="As for every service; facts are small, in records."
    )
    report_longest_window_days: int = Field(
        default=3660, ge=1, description="Longest window that a report or a list may ask for, in days."
    )
    facts_page_most: int = Field(
        default=500, ge=1, le=5000, description="Most documents on one page of a list, in rows."
    )
