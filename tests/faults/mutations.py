"""`python -m tests.faults.mutations [NAME ...]`: the judge is judged.

Each patch in `mutations/` breaks one thing that the promise rests on. It is applied to a clean checkout of HEAD,
and the test that its head names has to turn red there, in the words that its head names; without any patch the same
tests have to pass. A patch that does not apply is a failure. What has passed with this code is not tried again, and
once all has, it is written into README.md beside this file.
"""

import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from rich.console import Console

from tests.faults.conftest import code
from tests.faults.verdicts import Mutation, Verdict, keep, kept, known, mutated, unmutated

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PATCHES = HERE / "mutations"
README = HERE / "README.md"
BEGIN, END = "<!-- mutations -->\n", "<!-- /mutations -->\n"
TEST_SECONDS = 900
Try = Callable[[], Verdict]


def mutations(names: Sequence[str] = ()) -> list[Mutation]:
    found = [Mutation.read(path) for path in sorted(PATCHES.glob("*.patch"))]
    if unknown := set(names) - {each.name for each in found}:
        raise SystemExit(f"there is no mutation {', '.join(sorted(unknown))}")
    return [each for each in found if not names or each.name in names]


@contextmanager
def clean_checkout() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="vanthu-mutations-") as folder:
        tree = Path(folder) / "tree"
        _git(ROOT, "worktree", "add", "--quiet", "--detach", str(tree), "HEAD")
        try:
            yield tree
        finally:
            _git(ROOT, "worktree", "remove", "--force", str(tree))


def control(tree: Path, test: str) -> Verdict:
    return _judged(unmutated, tree, test)


def tried(tree: Path, mutation: Mutation) -> Verdict:
    asked = ["git", "apply", "--whitespace=nowarn", str(mutation.patch)]
    applied = subprocess.run(asked, cwd=tree, capture_output=True, text=True, check=False)
    if applied.returncode:
        return Verdict(False, f"does not apply: {applied.stderr.strip().splitlines()[0]}")
    try:
        return _judged(partial(mutated, mutation.says), tree, mutation.test)
    finally:
        _git(tree, "checkout", "--quiet", "--", ".")


def _judged(judge: Callable[[int, str], Verdict], tree: Path, test: str) -> Verdict:
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "--tb=short", *test.split()]
    env = {**os.environ, "FAULTS": "all", "SEEDS": "1"}
    limit = TEST_SECONDS
    try:
        done = subprocess.run(command, cwd=tree, env=env, capture_output=True, text=True, timeout=limit, check=False)
    except subprocess.TimeoutExpired:
        return Verdict(False, f"has no end within {limit} s")
    return judge(done.returncode, done.stdout + done.stderr)


def _git(tree: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=tree, check=True)


def resumed(test: str, hash: str, here: str, trial: Try) -> Verdict:
    """What this code has shown already, or else what it shows now."""
    if before := known(kept(), test, hash, here):
        return before
    verdict = trial()
    keep(test, hash, here, verdict)
    return verdict


def write_table(verdicts: Mapping[Mutation, Verdict]) -> None:
    rows = [f"| {each.name} | {each.breaks} | {_short(each.test)} | {_cell(v.said)} |" for each, v in verdicts.items()]
    table = "\n".join(["| Mutation | What it breaks | Red test | What the test says |", "|---|---|---|---|", *rows])
    before, _, rest = README.read_text().partition(BEGIN)
    README.write_text(f"{before}{BEGIN}{table}\n{END}{rest.partition(END)[2]}")


def _file(test: str) -> str:
    """Of what is given to pytest, the path."""
    return re.split("::| ", test, maxsplit=1)[0]


def _short(test: str) -> str:
    return Path(_file(test)).stem


def _cell(text: str) -> str:
    return re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "…", text).replace("|", "\\|")


def main(arguments: Sequence[str]) -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the checkout and the test go, too
    console = Console(width=200)
    verdicts: dict[Mutation, Verdict] = {}
    with clean_checkout() as tree:
        for mutation in mutations(arguments):
            here = code(_file(mutation.test))
            verdict = resumed(mutation.test, "", here, partial(control, tree, mutation.test))
            if verdict.passed:
                verdict = resumed(mutation.test, mutation.hash, here, partial(tried, tree, mutation))
            verdicts[mutation] = verdict
            mark = "red as it should be" if verdict.passed else "NOT PROVEN"
            console.print(f"{mark}: {mutation.name}: {verdict.said}", markup=False)
    proven = all(each.passed for each in verdicts.values())
    if proven and not arguments:
        write_table(verdicts)
    return 0 if proven else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
