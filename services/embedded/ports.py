"""Ports on loopback: the same ones at every start where they are free."""

import secrets
import socket
from collections.abc import Callable

import psutil

from services.embedded.errors import StartError

LOOPBACK = "127.0.0.1"
# Below the ports that the system hands to outgoing connections, so that none of those sits on ours later.
FIRST_PORT, LAST_PORT = 20_000, 32_000
TRIES = 200


def keep_or_choose(user: str, remembered: int | None, say: Callable[[str], None]) -> int:
    if remembered is None:
        return choose()
    if is_free(remembered):
        return remembered
    chosen = choose()
    say(f"Port {remembered} of {user} is now used by {holder_of(remembered)}; {user} gets port {chosen}")
    return chosen


def choose() -> int:
    for _ in range(TRIES):
        port = FIRST_PORT + secrets.randbelow(LAST_PORT - FIRST_PORT)
        if is_free(port):
            return port
    raise StartError(
        f"No free port was found between {FIRST_PORT} and {LAST_PORT} on {LOOPBACK}.",
        "Look at what uses them: ss --listening --tcp --processes",
    )


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        # As the servers do: connections of an earlier run that are still fading out are no obstacle.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def holder_of(port: int) -> str:
    try:
        connections = psutil.net_connections("tcp")
    except psutil.AccessDenied:
        connections = []
    for connection in connections:
        if connection.laddr and connection.laddr.port == port and connection.pid:
            return f"{name_of(connection.pid)} (process {connection.pid})"
    return "another program"


def name_of(pid: int) -> str:
    try:
        return psutil.Process(pid).name()
    except psutil.Error:
        return "a program"
