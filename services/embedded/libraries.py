"""The shared libraries of the packaged mongod: `python -m services.embedded.libraries [--install]`."""

import ctypes
import os
import shutil
import subprocess
import sys

from services.embedded.errors import UnavailableError

PACKAGE_OF = {"libcrypto.so.3": "libssl3", "libssl.so.3": "libssl3", "libcurl.so.4": "libcurl4"}
INSTALL_LINE = "apt-get install -y libssl3 libcurl4"


def missing_libraries() -> list[str]:
    return [library for library in PACKAGE_OF if not loads(library)]


def loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def missing_error(missing: list[str]) -> UnavailableError:
    return UnavailableError(
        f"mongod needs {', '.join(missing)}, which this machine does not have.", f"As root, run: {INSTALL_LINE}"
    )


def install() -> bool:
    """False when this user or machine can't; the caller then shows the line to run."""
    apt_get = shutil.which("apt-get")
    if apt_get is None or os.geteuid() != 0:
        return False
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for arguments in (["update"], INSTALL_LINE.split()[1:]):
        done = subprocess.run([apt_get, *arguments], env=environment, check=False)
        if done.returncode != 0:
            return False
    return not missing_libraries()


def main(arguments: list[str]) -> int:
    missing = missing_libraries()
    if not missing or ("--install" in arguments and install()):
        print("mongod's shared libraries are all there")
        return 0
    print(missing_error(missing), file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
