"""`python -m tests.bench.page`: draws what the benches have kept into `results/index.html`, one file that needs no other."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from tests.bench.charts import Kept, charts, last_of_each
from tests.bench.results import FOLDER, shown

TEMPLATES = Path(__file__).parent / "pages"


def kept_in(folder: Path) -> list[dict[str, Any]]:
    """Oldest first."""
    found = [json.loads(path.read_text(encoding="utf-8")) for path in folder.glob("*.json")]
    return sorted(found, key=lambda each: str(each["started_at"]))


def page(all_kept: Sequence[Kept]) -> str:
    newest = last_of_each(all_kept)
    environment = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined)
    environment.filters["shown"] = shown
    return environment.get_template("bench.html").render(newest=newest, charts=charts(newest, all_kept))


def main() -> int:
    all_kept = kept_in(FOLDER)
    if not last_of_each(all_kept):
        sys.stderr.write(f"No run of full length is kept in {FOLDER} yet: run `make bench` first.\n")
        return 1
    path = FOLDER / "index.html"
    path.write_text(page(all_kept), encoding="utf-8")
    sys.stdout.write(f"{path}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
