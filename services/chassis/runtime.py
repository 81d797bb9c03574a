"""How the interpreter behaves in a process that runs services: set once, when all of them have started."""

import gc
import resource
import sys

SWITCH_SECONDS = 0.0005


def settle_in() -> None:
    """Spare what lives as long as the process from every collection, and let waiting threads run sooner.

    An answer of MongoDB or of a disk sync is taken up by a thread that needs the interpreter, which the event
    loop would otherwise keep for 5 ms each time. Many systems let a process have 1,024 open files until it asks for more,
    and each request that waits may have a connection and a file.
    """
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 10, 10)
    sys.setswitchinterval(SWITCH_SECONDS)
