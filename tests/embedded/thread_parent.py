"""`python -m tests.embedded.thread_parent FOLDER`: a parent whose servers outlive it when it is killed,
because it starts them from a thread."""

import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from services.embedded import EmbeddedServers

servers = EmbeddedServers(Path(sys.argv[1]))
with ThreadPoolExecutor(1) as pool:
    pool.submit(servers.start).result()
sys.stdout.write(json.dumps(servers.processes()) + "\n")
sys.stdout.flush()
time.sleep(600)
