"""`python -m services.embedded --data FOLDER`: runs both servers until SIGTERM or Ctrl-C."""

import argparse
import json
import signal
import sys
import time
from dataclasses import asdict
from pathlib import Path
from types import FrameType

from services.embedded.errors import EmbeddedError
from services.embedded.servers import EmbeddedServers

WATCH_SECONDS = 1.0


def say(message: str) -> None:
    print(message, file=sys.stderr, flush=True)


def leave(number: int, frame: FrameType | None) -> None:
    # Once is enough: a second signal must not cut the clean stop short.
    for stopping in (signal.SIGTERM, signal.SIGINT):
        signal.signal(stopping, signal.SIG_IGN)
    raise SystemExit(0)


def run(data: Path) -> int:
    for stopping in (signal.SIGTERM, signal.SIGINT):
        signal.signal(stopping, leave)
    servers = EmbeddedServers(data, say=say)
    try:
        print(json.dumps(asdict(servers.start())), flush=True)
        while not (ended := servers.told_of_ended()):
            time.sleep(WATCH_SECONDS)
        say(ended)
    except EmbeddedError as error:
        say(str(error))
    finally:
        servers.stop()
    return 1


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder for all data and logs")
    sys.exit(run(parser.parse_args().data))
