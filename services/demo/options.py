"""What `vanthu demo` may be told."""

from dataclasses import dataclass
from pathlib import Path

DEFAULT_DATA = Path("var/demo")


@dataclass(frozen=True)
class DemoOptions:
    """`documents` is how many to send, None for the whole year; `resume` goes on with an interrupted demo."""

    documents: int | None = None
    data: Path = DEFAULT_DATA
    resume: bool = False
