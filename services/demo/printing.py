"""What the demo says in the end: the yearly report beside the published one, one document's way, and figures."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from services.demo.figures import Figures, Spread
from services.demo.memory import MEGABYTE, Held

HALVES = (("incoming", "Văn bản đến · Incoming"), ("outgoing", "Văn bản đi · Outgoing"))


def number(value: int | float | None) -> str:
    return "" if value is None else f"{value:,.0f}"


def yearly(console: Console, report: Mapping[str, Any], *, whole: bool) -> bool:
    """Prints both halves; whether everything counted equals what was published, which a sample never claims."""
    equal = True
    console.print(
        f"Báo cáo từ {report['from']} đến {report['to']}, theo ngày đến · Report by day of arrival", style="bold"
    )
    for half, title in HALVES:
        console.print(_half(report[half], title, whole=whole))
        equal = equal and _equal(report[half])
    for note in report["notes"]:
        console.print(f"  {note['vi']}\n  {note['en']}", style="bold", highlight=False)
    if not whole:
        console.print(
            "  Đây chỉ là mẫu theo tỷ lệ, không đối chiếu với số liệu đã công bố.\n"
            "  This is a sample in proportion: it claims no equality with the published table."
        )
    elif equal:
        console.print(
            "  Báo cáo năm khớp từng dòng với bảng đã công bố.\n  Every line equals the published table.",
            style="bold green",
        )
    else:
        console.print(
            "  Báo cáo năm KHÔNG khớp với bảng đã công bố.\n  The report does NOT equal the published table.",
            style="bold red",
        )
    return equal or not whole


def _half(half: Mapping[str, Any], title: str, *, whole: bool) -> Table:
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("Loại · Category", ratio=1)
    for name in ("Văn bản\nDocuments", "Nhập tay\nBy hand", "Cộng\nCounted", "Công bố\nPublished"):
        table.add_column(name, justify="right", no_wrap=True)
    if whole:
        table.add_column("Lệch\nDifference", justify="right", no_wrap=True)
    for row in half["rows"]:
        table.add_row(*_cells(row, whole=whole))
    table.add_section()
    table.add_row(*_cells(half["total"], whole=whole), style="bold")
    return table


def _cells(row: Mapping[str, Any], *, whole: bool) -> list[str]:
    label = f"{row['label']['vi']} · {row['label']['en']}"
    figures = [number(row[name]) for name in ("documents", "hand_entered", "counted", "published")]
    return [label, *figures, *([_difference(row)] if whole else [])]


def _difference(row: Mapping[str, Any]) -> str:
    return "" if row["difference"] is None else f"{row['difference']:+,}" if row["difference"] else "0"


def _equal(half: Mapping[str, Any]) -> bool:
    """Each published line by itself, the total, and as *other* exactly what the published parts leave unexplained."""
    unexplained = (half["published"] or {}).get("unexplained")
    others = sum(row["counted"] for row in half["rows"] if row["published"] is None)
    return others == unexplained and all(not row["difference"] for row in (*half["rows"], half["total"]))


def figures(console: Console, run: Figures, memory: Mapping[str, Held]) -> None:
    lines = []
    if run.documents_per_second is not None:
        rate = f"{run.documents_per_second:,.0f}/s ({run.posted:,} in {run.posting_seconds:.1f} s)"
        lines.append(("Văn bản mỗi giây · Documents per second", rate))
    lines.append(("POST → 201", spread(run.to_number)))
    lines.append(("POST → hộp thông báo · notice in the inbox", spread(run.to_notice)))
    whole = f"{run.until_settled_seconds:.1f} s" if run.posted else "–"
    lines.append(("Từ POST đầu đến khi xong · From the first POST until all are told and counted", whole))
    for name, held in sorted(memory.items()):
        lines.append((f"Bộ nhớ cao nhất · Peak memory: {name}", f"{held.peak / MEGABYTE:,.0f} MB"))
    console.print(_pairs("Số đo · Figures", lines))


def spread(seconds: Spread | None) -> str:
    if seconds is None:
        return "–"
    values = (("p50", seconds.p50), ("p95", seconds.p95), ("p99", seconds.p99))
    return " · ".join(f"{name} {_seconds(value)}" for name, value in values)


def _seconds(value: float) -> str:
    return f"{value * 1000:,.0f} ms" if value < 1 else f"{value:,.1f} s"


def journey(console: Console, steps: Sequence[tuple[str, str]]) -> None:
    console.print(_pairs("Đường đi của một văn bản · One document's way", steps))


def _pairs(title: str, lines: Sequence[tuple[str, str]]) -> Table:
    table = Table(title=title, title_justify="left", show_header=False, box=SIMPLE_HEAD, padding=(0, 2, 0, 0))
    for name, what in lines:
        table.add_row(escape(name), escape(what))
    return table
