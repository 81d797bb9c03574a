"""`python -m tests.embedded.stripped_start FOLDER`: a whole start and a round trip, told as one JSON line."""

import json
import sys
from pathlib import Path

import psutil

from services.embedded import EmbeddedServers

from .proof import find_proof

with EmbeddedServers(Path(sys.argv[1])) as servers:
    found = find_proof(servers.start())
    programs = {name: psutil.Process(pid).cmdline()[0] for name, pid in servers.processes().items()}
answer = {"found": found, "programs": programs, "resolved": "jgo" in sys.modules}
sys.stdout.write(json.dumps(answer) + "\n")
