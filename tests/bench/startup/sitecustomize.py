"""Found by a Python process whose PYTHONPATH names this folder: lets `vanthu up` be profiled as it is."""

import sys

from tests.bench.sampling import begin_if_asked

if "up" in sys.orig_argv[1:]:
    begin_if_asked()
