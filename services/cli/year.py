"""`vanthu demo`: the year 2016 of a provincial office."""

from pathlib import Path
from typing import Annotated

import typer

from services.cli.terminal import errors, fail


def demo(
    documents: Annotated[int | None, typer.Option(min=50, help="Only a sample of so many documents.")] = None,
    data: Annotated[Path, typer.Option("--data", help="Folder of the demo's own; emptied at the start.")] = Path(
        "var/demo"
    ),
    resume: Annotated[bool, typer.Option("--continue", help="Go on with an interrupted demo.")] = False,
) -> None:
    """Replay a published year through all services, and print the report beside the published one."""
    try:
        from services.demo.run import DemoOptions, run_demo  # noqa: PLC0415
    except ImportError as error:
        fail(
            f"The demo's packages are missing ({error.name}).", "Install them with: pip install 'vanthu[embedded,demo]'"
        )
    raise typer.Exit(run_demo(DemoOptions(documents=documents, data=data, resume=resume), errors))
