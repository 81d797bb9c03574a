"""`python -m tests.faults.mutations [NAME ...]`: the judge is judged.

Each patch in `mutations/` breaks one thing that the promise rests on. It is applied to a clean checkout of HEAD,
and the test that its head names has to turn red there; without any patch the same tests have to pass. A patch
that does not apply is a failure. What was seen is written into README.md beside this file.
"""

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PATCHES = HERE / "mutations"
README = HERE / "README.md"
BEGIN, END = "<!-- mutations -->\n", "<!-- /mutations -->\n"
SAID = re.compile(r"^E\s+(?:\w*(?:Error|Exception)\w*: )?(.*\S)", re.MULTILINE)
RAN_AND_FAILED = 1  # pytest's exit code; others mean that nothing was tried
TEST_SECONDS = 900


@dataclass(frozen=True)
class Mutation:
    """The head of the patch: `Breaks:` what it breaks in words, `Red:` the test that has to notice."""

    name: str
    breaks: str
    test: str
    patch: Path


@dataclass(frozen=True)
class Verdict:
    """`passed`: what was to happen has happened."""

    passed: bool
    said: str


def mutations(names: Sequence[str]) -> list[Mutation]:
    found = [_read(path) for path in sorted(PATCHES.glob("*.patch"))]
    if unknown := set(names) - {each.name for each in found}:
        raise SystemExit(f"there is no mutation {', '.join(sorted(unknown))}")
    return [each for each in found if not names or each.name in names]


def _read(path: Path) -> Mutation:
    head = dict(line.split(": ", 1) for line in path.read_text().partition("diff --git")[0].splitlines() if line)
    return Mutation(path.stem, head["Breaks"], head["Red"], path)


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
    code, output = _run(tree, test)
    return Verdict(code == 0, "passes" if code == 0 else f"fails unmutated: {_first_said(output)}")


def tried(tree: Path, mutation: Mutation) -> Verdict:
    applied = subprocess.run(
        ["git", "apply", "--whitespace=nowarn", str(mutation.patch)],
        cwd=tree,
        capture_output=True,
        text=True,
        check=False,
    )
    if applied.returncode:
        return Verdict(False, f"does not apply: {applied.stderr.strip().splitlines()[0]}")
    try:
        code, output = _run(tree, mutation.test)
    finally:
        _git(tree, "checkout", "--quiet", "--", ".")
    if code == 0:
        return Verdict(False, "nobody noticed")
    return Verdict(code == RAN_AND_FAILED, _first_said(output))


def _run(tree: Path, test: str) -> tuple[int, str]:
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "--tb=short", *test.split()]
    env = {**os.environ, "FAULTS": "all", "SEEDS": "1"}
    done = subprocess.run(command, cwd=tree, env=env, capture_output=True, text=True, timeout=TEST_SECONDS, check=False)
    return done.returncode, done.stdout + done.stderr


def _first_said(output: str) -> str:
    found = SAID.search(output)
    return found[1][:160] if found else (output.strip().splitlines() or ["nothing was said"])[-1][:160]


def _git(tree: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=tree, check=True)


def write_table(verdicts: dict[Mutation, Verdict]) -> None:
    rows = [f"| {each.name} | {each.breaks} | {_short(each.test)} | {_cell(v.said)} |" for each, v in verdicts.items()]
    table = "\n".join(["| Mutation | What it breaks | Red test | What the test says |", "|---|---|---|---|", *rows])
    before, _, rest = README.read_text().partition(BEGIN)
    README.write_text(f"{before}{BEGIN}{table}\n{END}{rest.partition(END)[2]}")


def _short(test: str) -> str:
    return Path(re.split("::| ", test, maxsplit=1)[0]).stem


def _cell(text: str) -> str:
    return re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "…", text).replace("|", "\\|")


def main(arguments: Sequence[str]) -> int:
    console = Console(width=200)
    chosen = mutations(arguments)
    verdicts: dict[Mutation, Verdict] = {}
    with clean_checkout() as tree:
        controls = {test: control(tree, test) for test in sorted({each.test for each in chosen})}
        for mutation in chosen:
            verdict = tried(tree, mutation) if controls[mutation.test].passed else controls[mutation.test]
            verdicts[mutation] = verdict
            mark = "red as it should be" if verdict.passed else "NOT PROVEN"
            console.print(f"{mark}: {mutation.name}: {verdict.said}", markup=False)
    if all(each.passed for each in verdicts.values()) and not arguments:
        write_table(verdicts)
    return 0 if all(each.passed for each in verdicts.values()) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
