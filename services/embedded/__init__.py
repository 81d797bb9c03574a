"""Real Kafka and real MongoDB on this machine, on loopback, with everything they keep in one folder."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from services.embedded.errors import EmbeddedError
    from services.embedded.servers import EmbeddedServers, Endpoints

__all__ = ["EmbeddedError", "EmbeddedServers", "Endpoints"]


def __getattr__(name: str) -> Any:
    # Only when asked for: `python -m services.embedded.libraries` must run where nothing is installed yet.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = "errors" if name == "EmbeddedError" else "servers"
    return getattr(import_module(f"{__name__}.{module}"), name)
