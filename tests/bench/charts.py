"""The figures that were kept, as SVG: from the details of a result to a chart. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pygal
from pygal.style import Style

Kept = Mapping[str, Any]
LOOK = Style(
    background="transparent",
    plot_background="transparent",
    font_family="system-ui, sans-serif",
    colors=("#1f6f8b", "#c84b31", "#7a8450", "#6b4e71", "#d69a2d", "#3f4e4f"),
)
SCANNERS = (1, 8, 64)
ANSWERS = (("post_to_201_ms", "POST to 201"), ("post_to_inbox_ms", "POST to inbox"))
SIZE = {"width": 760, "height": 320, "explicit_size": True, "js": (), "style": LOOK, "legend_at_bottom": True}


def charts(newest: Mapping[str, Kept], all_kept: Sequence[Kept]) -> list[str]:
    """`newest` is the last result of each bench; what was never measured has no chart."""
    found: list[str] = []
    if "load" in newest:
        found += [_speeds(newest["load"]), *(_answers(newest["load"], *each) for each in ANSWERS)]
    if "sustained" in newest:
        found += _course(newest["sustained"]["details"]["sustained"])
    if "history" in newest:
        found.append(_history(newest["history"]["details"]["history"]))
    return [*found, *_ratios(all_kept)]


def _speeds(kept: Kept) -> str:
    chart = pygal.Bar(title="Numbers given per second, by scanners", y_title="documents/s", show_legend=False, **SIZE)
    chart.x_labels = [str(each) for each in SCANNERS]
    chart.add("documents/s", [kept["details"][f"load-{each}"]["documents_per_second"] for each in SCANNERS])
    return _svg(chart)


def _answers(kept: Kept, name: str, title: str) -> str:
    chart = pygal.Bar(title=f"{title}, by scanners", y_title="ms", logarithmic=True, **SIZE)
    chart.x_labels = [str(each) for each in SCANNERS]
    for percent in ("50", "95", "99"):
        chart.add(f"p{percent}", [kept["details"][f"load-{each}"][name][percent] for each in SCANNERS])
    return _svg(chart)


def _course(kept: Kept) -> list[str]:
    looks, minutes = kept["looks"], kept["minutes"]
    begins = looks[0]["at"]
    at = [(look["at"] - begins) / 60 for look in looks]
    pace = f"at {kept['half_of_most_per_second']:.0f} documents/s"
    memory = _lines(f"Memory {pace}", "MB")
    for name in sorted(looks[0]["memory_mb"]):
        memory.add(name, list(zip(at, (look["memory_mb"][name] for look in looks), strict=True)))
    waiting = _lines(f"Events that wait {pace}", "events")
    waiting.add("not sent or not read yet", list(zip(at, (look["waiting"] for look in looks), strict=True)))
    answers = _lines(f"Answers {pace}", "ms")
    for name in ("to_201_p50", "to_201_p99", "to_inbox_p50", "to_inbox_p99"):
        answers.add(name.replace("_", " "), [(each["minute"], each[name]) for each in minutes if name in each])
    return [_svg(each) for each in (memory, answers, waiting)]


def _history(kept: Sequence[Kept]) -> str:
    chart = _lines("Documents per second with history, to those without", "x", x_title="documents of history")
    chart.add("with / without", [(each["documents"], each["ratio"]) for each in kept])
    return _svg(chart)


def _ratios(all_kept: Sequence[Kept]) -> list[str]:
    """Every ratio that has a limit, in the order of the runs."""
    courses: dict[str, list[float]] = {}
    for kept in all_kept:
        for line in kept["lines"]:
            if line["unit"] == "x" and line["required"]:
                courses.setdefault(f"{line['bench']}: {line['what']} {line['required']}", []).append(line["figure"])
    return [_run_by_run(title, figures) for title, figures in sorted(courses.items()) if len(figures) > 1]


def _run_by_run(title: str, figures: Sequence[float]) -> str:
    chart = pygal.Line(title=title, range=(0, max(figures)), show_legend=False, x_title="runs", **SIZE)
    chart.x_labels = [str(run) for run in range(1, len(figures) + 1)]
    chart.add(title, list(figures))
    return _svg(chart)


def _lines(title: str, y_title: str, x_title: str = "minutes") -> Any:
    options = {"include_x_axis": True, "dots_size": 2, "stroke_style": {"width": 2}}
    return pygal.XY(title=title, y_title=y_title, x_title=x_title, **SIZE, **options)


def _svg(chart: Any) -> str:
    return str(chart.render(is_unicode=True, disable_xml_declaration=True))


def last_of_each(all_kept: Iterable[Kept]) -> dict[str, Kept]:
    """By bench, the last result that has lines of it."""
    return {line["bench"]: kept for kept in all_kept for line in kept["lines"]}
