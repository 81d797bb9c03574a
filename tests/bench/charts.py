"""The figures that were kept, as SVG: from the details of a result to a chart. Pure."""

import math
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pygal
from pygal.style import Style

# for plugins that nobody has here, pygal changes how everything is imported later, in a way that Python has given up
sys.meta_path = [finder for finder in sys.meta_path if not isinstance(finder, pygal.PluginImportFixer)]

Kept = Mapping[str, Any]
LOOK = Style(
    background="transparent",
    plot_background="transparent",
    font_family="system-ui, sans-serif",
    colors=("#1f6f8b", "#c84b31", "#7a8450", "#6b4e71", "#d69a2d", "#3f4e4f"),
)
SCANNERS = (1, 8, 64)
ANSWERS = (("post_to_201_ms", "POST to 201"), ("post_to_inbox_ms", "POST to inbox"))
MOST_TIMES = 4.0  # of its limit: further away a bar says no more
SIZE = {"width": 760, "height": 320, "explicit_size": True, "js": (), "style": LOOK, "legend_at_bottom": True}


def charts(newest: Mapping[str, Kept], all_kept: Sequence[Kept]) -> list[str]:
    """`newest` is the last result of each bench; what was never measured has no chart."""
    found: list[str] = []
    if "load" in newest:
        found += [_speeds(newest["load"]), *(_answers(newest["load"], *each) for each in ANSWERS)]
    if "sustained" in newest:
        found += _course(newest["sustained"]["details"]["sustained"])
    if "history" in newest:
        found += _history(newest["history"]["details"]["history"])
    return [*_against_limits(newest), *found, *_ratios(all_kept)]


def _against_limits(newest: Mapping[str, Kept]) -> list[str]:
    """How well each judged ratio keeps its limit: the newest of every bench, and nothing that was not judged."""
    lines = [line for bench, kept in newest.items() for line in kept["lines"] if line["bench"] == bench]
    judged = [line for line in lines if line["unit"] == "x" and line["met"] is not None]
    if not judged:
        return []
    height = 120 + 26 * len(judged)
    options = {**SIZE, "height": height, "width": 1100, "legend_at_bottom": False, "truncate_label": -1}
    title = "Ratios against their limits (1 is just at the limit, more is better)"
    chart = pygal.HorizontalBar(title=title, range=(0, MOST_TIMES), y_labels=[0, 1, 2, 3, 4], **options)
    chart.x_labels = [f"{line['bench']}: {line['what']}: {line['figure']:.3g} ({line['required']})" for line in judged]
    for name, met in (("met", True), ("not met", False)):
        chart.add(name, [margin(line["figure"], line["required"]) if line["met"] is met else None for line in judged])
    return [_svg(chart)]


def margin(figure: float, required: str) -> float:
    """How many times better than its limit (`>= 0.5`, `<= 1.05`): below 1 it is missed. At most MOST_TIMES."""
    sign, _, limit = required.partition(" ")
    best = figure / float(limit) if sign == ">=" else float(limit) / figure if figure > 0 else MOST_TIMES
    return max(0.0, min(MOST_TIMES, best))


def _speeds(kept: Kept) -> str:
    chart = pygal.Bar(title="Documents per second, by scanners", y_title="documents/s", **SIZE)
    chart.x_labels = [str(each) for each in SCANNERS]
    for name, title in (("documents_per_second", "numbered"), ("settled_per_second", "settled")):
        chart.add(title, [kept["details"][f"load-{each}"][name] for each in SCANNERS])
    return _svg(chart)


def _answers(kept: Kept, name: str, title: str) -> str:
    slowest = max(kept["details"][f"load-{each}"][name]["99"] for each in SCANNERS)
    powers = [10**power for power in range(math.ceil(math.log10(slowest)) + 1)]
    scale = {"logarithmic": True, "zero": 1, "range": (1, slowest), "y_labels": powers}
    chart = pygal.Bar(title=f"{title}, by scanners", y_title="ms", **scale, **SIZE)
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


def _history(kept: Sequence[Kept]) -> list[str]:
    """From 0, each with its limit: a curve that fills its frame says nothing."""
    at = [each["documents"] for each in kept]
    charts = []
    for name, limit, title in (
        ("ratio", "least_ratio", "Documents per second"),
        ("cost", "most_cost", "CPU of services and mongod per document"),
    ):
        figures, limits = ([each[key] for each in kept] for key in (name, limit))
        highest = 1.2 * max(*figures, *limits, 1.0)
        chart = _lines(f"{title} with history, to without", "x", x_title="documents of history", range=(0, highest))
        chart.add("with / without", list(zip(at, figures, strict=True)))
        chart.add("limit", list(zip(at, limits, strict=True)))
        charts.append(_svg(chart))
    return [*charts, _questions(kept)]


def _questions(kept: Sequence[Kept]) -> str:
    chart = _lines("Answers to staff with history, p50", "ms", x_title="documents of history")
    for question in kept[0]["questions_ms"]:
        chart.add(question, [(each["documents"], each["questions_ms"][question]) for each in kept])
    return _svg(chart)


def _ratios(all_kept: Sequence[Kept]) -> list[str]:
    """Every ratio that has a limit, in the order of the runs."""
    courses: dict[str, list[float]] = {}
    for kept in all_kept:
        for line in kept["lines"]:
            if line["unit"] == "x" and line["met"] is not None and line["bench"] in kept.get("full", ()):
                courses.setdefault(f"{line['bench']}: {line['what']} {line['required']}", []).append(line["figure"])
    return [_run_by_run(title, figures) for title, figures in sorted(courses.items()) if len(figures) > 1]


def _run_by_run(title: str, figures: Sequence[float]) -> str:
    chart = pygal.Line(title=title, range=(0, max(figures)), show_legend=False, x_title="runs", **SIZE)
    chart.x_labels = [str(run) for run in range(1, len(figures) + 1)]
    chart.add(title, list(figures))
    return _svg(chart)


def _lines(title: str, y_title: str, x_title: str = "minutes", **more: Any) -> Any:
    options = {**more, "include_x_axis": True, "dots_size": 2, "stroke_style": {"width": 2}}
    return pygal.XY(title=title, y_title=y_title, x_title=x_title, **SIZE, **options)


def _svg(chart: Any) -> str:
    return str(chart.render(is_unicode=True, disable_xml_declaration=True))


def last_of_each(all_kept: Iterable[Kept]) -> dict[str, Kept]:
    """By bench, the last result of its full length: a trial says nothing about the product."""
    return {bench: kept for kept in all_kept for bench in kept.get("full", ())}
