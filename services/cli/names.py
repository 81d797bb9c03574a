"""The four services by name."""

from enum import StrEnum


class Name(StrEnum):
    INTAKE = "intake"
    ROUTING = "routing"
    NOTIFY = "notify"
    REPORTING = "reporting"
