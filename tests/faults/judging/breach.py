"""A promise that was broken, and how texts and days are compared."""

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.faults.ledger import Sender


@dataclass(frozen=True)
class Breach:
    """`documents` are the ids whose histories tell of it; `sender` is there where no document is."""

    promise: str
    what: str
    documents: tuple[str, ...] = ()
    sender: Sender | None = None

    def __str__(self) -> str:
        return f"{self.promise}: {self.what} {' '.join(self.documents) or self.sender or ''}".strip()


def differing(meant: Mapping[str, Any], found: Mapping[str, Any], names: Iterable[str] | None = None) -> str:
    """What is not as it was meant, as `name: found, not meant`; empty where all is. Nothing is as good as empty."""
    asked = meant if names is None else names
    wrong = (name for name in asked if plain(meant.get(name)) != plain(found.get(name)))
    return "; ".join(f"{name}: {found.get(name)!r}, not {meant.get(name)!r}" for name in wrong)


def plain(value: Any) -> Any:
    if isinstance(value, str):
        return unicodedata.normalize("NFC", value).strip() or None
    if isinstance(value, list | tuple):
        return [plain(each) for each in value] or None
    return None if value is False else value
