"""What the benchmark found: said while it runs, kept as JSON, shown as a table at the end."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.traceback import Traceback

from tests.bench.machine import described_code, load, shape

NOT_JUDGED = "not judged: what it is compared with misses its own bar"
FOLDER = Path(__file__).parent / "results"


@dataclass(frozen=True)
class Line:
    """`met` is None where nothing is required, or where what it is compared with is itself not good enough."""

    bench: str
    what: str
    figure: float
    unit: str
    required: str = ""
    met: bool | None = None


@dataclass
class Results:
    """Collects lines; `details` are for the JSON file only. `full` are benches that ran at their full length."""

    options: Mapping[str, Any] = field(default_factory=dict)
    full: set[str] = field(default_factory=set)
    lines: list[Line] = field(default_factory=list)
    details: dict[str, Any] = field(default_factory=dict)
    started_at: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))
    code: str = field(default_factory=described_code)
    load_at_start: tuple[float, float, float] = field(default_factory=load)
    console: Console = field(default_factory=lambda: Console(stderr=True, highlight=False))
    path: Path | None = None

    def say(self, text: str) -> None:
        self.console.print(f"[dim]{datetime.now(UTC):%H:%M:%S}[/dim] {text}")

    def add(
        self,
        bench: str,
        what: str,
        figure: float,
        unit: str,
        *,
        least: float | None = None,
        most: float | None = None,
        judged: bool = True,
    ) -> None:
        """A figure, and whether it is at least or at most what the project requires."""
        required = f">= {least:g}" if least is not None else f"<= {most:g}" if most is not None else ""
        met = None if not required else (least is None or figure >= least) and (most is None or figure <= most)
        if required and not judged:
            required, met = f"{required}, {NOT_JUDGED}", None
        self.lines.append(Line(bench, what, figure, unit, required, met))
        self.say(f"  {what}: {shown(figure)} {unit} {required}")

    def fail(self, bench: str, error: BaseException) -> None:
        """A bench that did not come to its end: what it has measured so far is kept, but nothing is proved by it."""
        self.full.discard(bench)
        self.lines.append(Line(bench, f"ended early: {shown_error(error)}", 1.0, "error", "<= 0", met=False))
        self.console.print(Traceback.from_exception(type(error), error, error.__traceback__))

    def table(self) -> Table:
        table = Table("", "what", title="Vanthu, measured", title_justify="left", box=None)
        table.add_column("figure", justify="right", no_wrap=True)
        for name in ("unit", "required", ""):
            table.add_column(name, no_wrap=True)
        for each in self.lines:
            mark = {None: "", True: "yes", False: "NO"}[each.met]
            table.add_row(each.bench, each.what, shown(each.figure), each.unit, each.required, mark)
        return table

    def save(self, folder: Path = FOLDER) -> Path:
        """`<date>.json`, or `<date>-2.json` where the day has one already; the same one when it is saved again."""
        folder.mkdir(exist_ok=True)
        self.path = self.path or self._new_path(folder)
        unfinished = self.path.with_suffix(".part")
        unfinished.write_text(json.dumps(self.as_dict(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        unfinished.replace(self.path)
        return self.path

    def _new_path(self, folder: Path) -> Path:
        day = self.started_at[:10]
        names = (folder / (f"{day}.json" if turn == 1 else f"{day}-{turn}.json") for turn in range(1, 1000))
        return next(name for name in names if not name.exists())

    def as_dict(self) -> dict[str, Any]:
        return {
            "started_at": self.started_at,
            "ended_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "options": dict(self.options),
            "full": sorted(self.full),
            "code": self.code,
            "machine": shape(),
            "load_at_start": self.load_at_start,
            "load_at_end": load(),
            "lines": [asdict(each) for each in self.lines],
            "details": self.details,
        }


def shown(figure: float) -> str:
    """Three digits that matter."""
    if abs(figure) >= 100:
        return f"{figure:,.0f}"
    return f"{figure:.1f}" if abs(figure) >= 10 else f"{figure:.2f}"


def shown_error(error: BaseException) -> str:
    """The causes, without the groups around them."""
    if isinstance(error, BaseExceptionGroup):
        return "; ".join(shown_error(each) for each in error.exceptions)
    return f"{type(error).__name__}: {error}"[:300]
