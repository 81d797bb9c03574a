"""Waiting until a server that was just launched answers."""

import socket
import struct
import time
from collections.abc import Callable

from services.embedded.errors import StartError
from services.embedded.ports import LOOPBACK
from services.embedded.process import ServerProcess

START_SECONDS = 120.0
PAUSE_SECONDS = 0.1
METADATA_KEY, METADATA_VERSION, CORRELATION_ID = 3, 1, 7


def wait_until(answers: Callable[[], bool], process: ServerProcess) -> None:
    """Raises StartError, with the end of the log, when the process ends or stays silent."""
    deadline = time.monotonic() + START_SECONDS
    while not answers():
        process.require_running()
        if time.monotonic() > deadline:
            raise StartError(f"{process.name} did not answer within {START_SECONDS:.0f} s.", process.log_excerpt())
        time.sleep(PAUSE_SECONDS)


def kafka_answers(port: int, *, brokers: int = 1) -> bool:
    """True once the cluster's metadata lists so many brokers: from then on topics can be made and written."""
    client_id = b"vanthu"
    header = struct.pack(">hhih", METADATA_KEY, METADATA_VERSION, CORRELATION_ID, len(client_id)) + client_id
    request = header + struct.pack(">i", 0)
    try:
        with socket.create_connection((LOOPBACK, port), timeout=2) as connection:
            connection.sendall(struct.pack(">i", len(request)) + request)
            answer = connection.makefile("rb").read(12)
    except OSError:
        return False
    if len(answer) < 12:
        return False
    _, correlation_id, listed = struct.unpack(">iii", answer)
    return bool(correlation_id == CORRELATION_ID and listed >= brokers)
