"""Ports: kept where free; a stranger's are left alone, and said."""

import json
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil

from services.embedded import EmbeddedServers
from services.embedded.ports import choose, is_free, keep_or_choose

from .proof import NOTE, find_proof


def test_a_free_port_is_kept(said: list[str]) -> None:
    port = choose()
    assert keep_or_choose("Kafka", port, said.append) == port
    assert said == []


def test_a_port_that_a_stranger_holds_on_every_address_is_not_free() -> None:
    with socket.create_server(("0.0.0.0", 0)) as stranger:
        assert not is_free(stranger.getsockname()[1])


def test_data_moves_with_its_server_when_strangers_took_every_port(used_folder: Path, said: list[str]) -> None:
    taken = remembered_ports(used_folder)
    with strangers(taken), EmbeddedServers(used_folder, say=said.append) as servers:
        assert find_proof(servers.start()) == ([NOTE], [NOTE])
    assert not set(taken) & set(remembered_ports(used_folder))
    stranger = f"is now used by {psutil.Process().name()} (process {os.getpid()})"
    assert [stranger in line for line in said] == [True] * len(taken)


def remembered_ports(folder: Path) -> list[int]:
    return [port for note in folder.glob("*.ports.json") for port in json.loads(note.read_text()).values()]


@contextmanager
def strangers(ports: list[int]) -> Iterator[None]:
    """Listen on the ports and hang up on everyone."""
    with ExitStack() as listeners:
        for port in ports:
            listener = listeners.enter_context(socket.create_server(("127.0.0.1", port)))
            threading.Thread(target=hang_up, args=(listener,), daemon=True).start()
        yield


def hang_up(listener: socket.socket) -> None:
    try:
        while True:
            listener.accept()[0].close()
    except OSError:
        return
