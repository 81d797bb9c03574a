"""Settings that every service shares, read once from `VANTHU_*` and from mounted secret files."""

import os
import socket
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from pymongo.errors import PyMongoError
from pymongo.uri_parser import parse_uri

SECRETS_FOLDER = Path(os.environ.get("VANTHU_SECRETS_DIR", "/run/secrets/vanthu"))


class ChassisSettings(BaseSettings):
    """One sentence and a unit per option; each default is safe in production."""

    model_config = SettingsConfigDict(
        env_prefix="VANTHU_",
        frozen=True,
        extra="ignore",
        secrets_dir=SECRETS_FOLDER if SECRETS_FOLDER.is_dir() else None,
    )

    mongo_url: SecretStr = Field(
        default=SecretStr("mongodb://127.0.0.1:27017/?replicaSet=rs0"),
        description="Connection string of the MongoDB replica set.",
    )
    mongo_database_prefix: str = Field(
        default="vanthu", description="Each service's database is called PREFIX_service."
    )
    kafka_bootstrap: str = Field(default="127.0.0.1:9092", description="Kafka brokers, host:port, separated by commas.")
    kafka_topic_prefix: str = Field(
        default="vanthu", description="Topics are called PREFIX.office, PREFIX.documents and so on."
    )
    kafka_partitions: int = Field(
        default=12, ge=1, description="Partitions of each topic; all topics need the same number."
    )
    kafka_replication: int = Field(
        default=3, ge=1, description="Copies of each topic that `vanthu topics create` asks for, in brokers."
    )
    kafka_security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        default="PLAINTEXT", description="How to talk to Kafka."
    )
    kafka_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = Field(
        default="SCRAM-SHA-512", description="How to sign in to Kafka when the protocol is SASL."
    )
    kafka_sasl_username: str | None = Field(default=None, description="Name to sign in to Kafka with.")
    kafka_sasl_password: SecretStr | None = Field(default=None, description="Password to sign in to Kafka with.")
    kafka_ca_file: Path | None = Field(
        default=None, description="Certificate authority that signed Kafka's certificates (PEM file)."
    )
    timezone: str = Field(
        default="Asia/Ho_Chi_Minh", description="The offices' time zone (IANA name); years and days follow it."
    )
    metrics_token: SecretStr | None = Field(
        default=None, description="Bearer token that /metrics asks for; without one /metrics is closed."
    )
    consume_batch_records: int = Field(
        default=500, ge=1, le=5000, description="Most records that one transaction takes, in records."
    )
    consume_idle_milliseconds: int = Field(
        default=25, ge=1, description="Pause after an empty poll of Kafka, in milliseconds."
    )
    consume_gather_milliseconds: int = Field(
        default=100,
        ge=0,
        description="Pause after a batch that was not full, so that the next one is worth its transaction, in milliseconds.",
    )
    relay_gather_milliseconds: int = Field(
        default=40, ge=0, description="Pause after a relay pass that was not full, in milliseconds."
    )
    relay_poll_seconds: float = Field(
        default=0.5, gt=0, description="Fallback between looks for unsent events, in seconds."
    )
    relay_lease_seconds: float = Field(
        default=5.0, gt=0, description="How long a relay holds its lease without renewing, in seconds."
    )
    commit_deadline_seconds: float = Field(
        default=3.0, gt=0, description="How long an unclear commit is asked again before 503, in seconds."
    )
    dead_letters_in_a_row: int = Field(
        default=50, ge=1, description="Dead letters without a success between them that stop a consumer."
    )
    stall_seconds: float = Field(
        default=120.0, gt=0, description="Lag without progress after which a consumer counts as dead, in seconds."
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="INFO", description="Least severity that is logged."
    )
    instance: str = Field(
        default_factory=lambda: f"{socket.gethostname()}-{os.getpid()}",
        description="Name of this process among the replicas.",
    )

    @field_validator("timezone")
    @classmethod
    def _is_a_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError("there is no such time zone; a name is like Asia/Ho_Chi_Minh") from None
        return name

    @field_validator("mongo_url")
    @classmethod
    def _is_a_connection_string(cls, url: SecretStr) -> SecretStr:
        """Said without the value, which may hold a password. What the DNS has to answer (`mongodb+srv`) is not asked."""
        if url.get_secret_value().startswith("mongodb+srv://"):
            return url
        try:
            parse_uri(url.get_secret_value(), warn=False)
        except (ValueError, PyMongoError):
            raise ValueError(
                "is no connection string; one is like mongodb://USER:PASSWORD@HOST:27017/?replicaSet=NAME, with the "
                "special characters of USER and PASSWORD percent-encoded"
            ) from None
        return url

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)
