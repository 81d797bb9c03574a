"""What is wrong with an office's file: every fault at once, each with its place. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """`pointer` is the JSON pointer (RFC 6901) of the value at fault."""

    pointer: str
    detail: str

    def __str__(self) -> str:
        return f"{self.pointer or '/'}: {self.detail}"


class OfficeFaulty(ValueError):
    """The file cannot be loaded, and nothing of it was."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("\n".join(map(str, faults)))
        self.faults = tuple(faults)


def escaped(part: str) -> str:
    """A name as a step of a JSON pointer."""
    return part.replace("~", "~0").replace("/", "~1")
