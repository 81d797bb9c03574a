"""Who decided is noted, whatever the machine knows of them."""

import os
import subprocess
import sys

ASK = "from services.cli.user import user_name; print(user_name())"
AS_A_NUMBER = f"import pwd; pwd.getpwuid = lambda uid: {{}}[uid]; {ASK}"


def _said(program: str, **env: str) -> str:
    bare = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
    done = subprocess.run(
        [sys.executable, "-c", program], env={**bare, **env}, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_who_has_a_name_is_noted_by_it() -> None:
    assert _said(ASK, LOGNAME="lan") == "lan"


def test_a_user_without_an_account_as_in_a_container_is_noted_by_number() -> None:
    assert _said(AS_A_NUMBER) == f"uid {os.getuid()}"
