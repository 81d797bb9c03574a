"""Who runs a command, for what is noted with a decision."""

import getpass
import os


def user_name() -> str:
    """The account's name; in a container the user often is a number only."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"
