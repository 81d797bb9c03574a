"""Real servers whose disk does not sync: the kernel asks here before each sync of theirs, and is told EIO.

A seccomp filter with user notification (Linux 5.5, no rights and no compiler needed) stands in the server from its
first moment; what it does otherwise goes on as ever.
"""

import ctypes
import errno
import fcntl
import os
import platform
import select
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from unittest.mock import patch

from services.embedded import process as embedded
from services.embedded.process import end_with_parent

SYNCS = {"x86_64": (74, 75), "aarch64": (82, 83)}  # fsync, fdatasync
SECCOMP = {"x86_64": 317, "aarch64": 277}
PR_SET_NO_NEW_PRIVS, SET_MODE_FILTER, NEW_LISTENER = 38, 1, 8
LOAD_NUMBER, JUMP_IF_EQUAL, RETURN = 0x20, 0x15, 0x06
ASK, ALLOW = 0x7FC00000, 0x7FFF0000
RECEIVE, ANSWER, GO_ON = 0xC0502100, 0xC0182101, 1
QUESTION_BYTES = 80


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


@dataclass
class BadSyncs:
    """`failing` may be set at any time. `asked` and `failed` count the server's syncs."""

    failing: bool = False
    asked: int = 0
    failed: int = 0

    @contextmanager
    def of_what_is_launched(self) -> Iterator[None]:
        """The one server that is launched inside is the one."""
        here, there = socket.socketpair()
        threading.Thread(target=self._answer_all, args=[here], name="bad syncs", daemon=True).start()
        with there, patch.object(embedded, "end_with_parent", lambda: _filtered(there, end_with_parent())):
            yield

    def _answer_all(self, here: socket.socket) -> None:
        """Until the server has ended."""
        with here:
            _, listeners, *_ = socket.recv_fds(here, 1, 1)
        waiting = select.poll()
        for listener in listeners:  # none where no server was launched
            waiting.register(listener, select.POLLIN)
            while not any(event & select.POLLHUP for _, event in waiting.poll()):
                with suppress(FileNotFoundError):  # whoever asked has been killed meanwhile
                    self._answer(listener)
            os.close(listener)

    def _answer(self, listener: int) -> None:
        question = bytearray(QUESTION_BYTES)
        fcntl.ioctl(listener, RECEIVE, question, True)
        (id,) = struct.unpack_from("Q", question)
        self.asked += 1
        fault, flags = (-errno.EIO, 0) if self.failing else (0, GO_ON)
        fcntl.ioctl(listener, ANSWER, bytearray(struct.pack("QqiI", id, 0, fault, flags)), True)
        self.failed += bool(fault)


def _filtered(there: socket.socket, also: Callable[[], None] | None) -> Callable[[], None]:
    """To be called between fork and exec: no thread of ours is there any more."""
    machine = platform.machine()
    assert machine in SYNCS, f"the numbers of {machine}'s system calls are not known here"
    first, second = SYNCS[machine]
    steps = [(LOAD_NUMBER, 0, 0, 0), (JUMP_IF_EQUAL, 1, 0, first), (JUMP_IF_EQUAL, 0, 1, second)]
    code = b"".join(struct.pack("HBBI", *step) for step in (*steps, (RETURN, 0, 0, ASK), (RETURN, 0, 0, ALLOW)))
    program, kernel = _Program(len(code) // 8, code), ctypes.CDLL(None, use_errno=True)

    def install() -> None:
        if also:
            also()
        kernel.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        listener = kernel.syscall(SECCOMP[machine], SET_MODE_FILTER, NEW_LISTENER, ctypes.byref(program))
        if listener < 0:
            raise OSError(ctypes.get_errno(), "the kernel takes no filter for the server's system calls")
        socket.send_fds(there, [b"."], [listener])

    return install
