"""How the interpreter behaves in a process that runs services: set once, when all of them have started."""

import gc
import sys

SWITCH_SECONDS = 0.0005


def settle_in() -> None:
    """Spare what lives as long as the process from every collection, and let waiting threads run sooner.

    An answer of MongoDB or of a disk sync is taken up by a thread that needs the interpreter, which the event
    loop would otherwise keep for 5 ms each time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 10, 10)
    sys.setswitchinterval(SWITCH_SECONDS)
