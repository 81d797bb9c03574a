"""What an operator may set about intake."""

from pathlib import Path

from pydantic import Field

from services.chassis.settings import ChassisSettings


class IntakeSettings(ChassisSettings):
    """intake's own options beside those of every service."""

    consume_gather_milliseconds: int = Field(
        default=250, ge=0, description="As for every service; here it delays who may read a document, in milliseconds."
    )
    consume_batch_records: int = Field(
        default=2000, ge=1, le=5000, description="As for every service; a document's readers are small, in records."
    )
    data_folder: Path = Field(
        default=Path("var"),
        description="Folder of the documents' files (files/) and of the register log (register/); unless it is set, "
        "`vanthu up` and every other command take that of --data.",
    )
    max_document_bytes: int = Field(
        default=50 * 1024 * 1024, ge=1, description="Largest file that is accepted, in bytes."
    )
    max_waiting_documents: int = Field(
        default=2000, ge=1, description="Documents that may wait for a number before senders are asked to pause."
    )
    max_uploads: int = Field(
        default=200,
        ge=1,
        description="Uploads in progress; beyond, the slowest one of the device with most of them gives way.",
    )
    upload_deadline_seconds: float = Field(
        default=300.0, gt=0, description="Longest that one upload may take, in seconds."
    )
    upload_slow_seconds: float = Field(
        default=20.0, gt=0, description="Time that every upload has, however slowly it comes, in seconds."
    )
    upload_least_bytes_per_second: float = Field(
        default=500.0, gt=0, description="What an upload has to bring for each second beyond that time, in bytes."
    )
    file_threads: int = Field(default=32, ge=1, description="Threads that write files and sync them, in threads.")
    clock_tolerance_seconds: float = Field(
        default=300.0, gt=0, description="Most that the database's clock may differ before numbering stops, in seconds."
    )
    sweep_orphans: bool = Field(
        default=True,
        description="Whether files that belong to no document go to the trash; after a restore they stay by themselves.",
    )
    orphan_hours: float = Field(
        default=24.0, ge=1, description="Age from which a file without a document counts as forgotten, in hours."
    )
    trash_days: float = Field(default=60.0, ge=1, description="How long the trash keeps a file, in days.")
