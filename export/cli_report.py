"""`sixmeg report`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

PARTS = ("plan", "fps", "train", "onnx", "quantize", "accuracy", "boards")


@click.command()
@click.argument("folder", required=False, type=click.Path())
@click.option("--plan", type=click.Path(), help="plan.json of sixmeg plan.")
@click.option("--fps", type=click.Path(), help="fps.json of sixmeg fps.")
@click.option("--train", type=click.Path(), help="train.json of sixmeg train.")
@click.option("--onnx", type=click.Path(), help="onnx.json of sixmeg onnx.")
@click.option("--quantize", type=click.Path(), help="quantize.json of sixmeg quantize.")
@click.option("--accuracy", type=click.Path(), help="accuracy.json of sixmeg evaluate.")
@click.option("--boards", type=click.Path(), help="firmware_test.json of sixmeg firmware-test.")
@click.option(
    "--compare", "compared", type=click.Path(), multiple=True, help="compare_*.json; may be repeated."
)
@click.option("--name", help="The model's name in the report.")
@click.option("--verdict", "only_verdict", is_flag=True, help="Print the verdict and write nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON and write nothing.")
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False), help="report.json; report.html lies beside it."
)
def report(folder: str | None, output: str | None, **options: Any) -> None:
    """Gather what the stages wrote in FOLDER (build/<model>/<data>/<chip>) into report.json and report.html.

    Options name files that lie elsewhere; the report says what is missing and which command makes it.
    """
    from export import report_html, stages, verdict
    from export.errors import ExportError
    from export.report import report as make
    from files import json_text, write_bytes

    paths: dict[str, Path] = {}
    comparisons: tuple[Path, ...] = ()
    if folder is not None:
        paths, comparisons = stages.paths_in(folder)
    paths |= {part: Path(options[part]) for part in PARTS if options[part]}
    comparisons += tuple(Path(path) for path in options["compared"])
    if not paths and not comparisons:
        raise ExportError("nothing to report on; give build/<model>/<data>/<chip>, or --plan and --fps")
    made = make(stages.read(paths, comparisons), name=options["name"])
    if options["as_json"]:
        click.echo(json_text(made), nl=False)
        return
    if not options["only_verdict"]:
        target = _target(folder, output)
        write_bytes(target.with_suffix(".html"), report_html.page(made).encode())
        write_bytes(target, json_text(made).encode())
    click.echo("\n".join([verdict.headline(made), *verdict.lines(made)]))


def _target(folder: str | None, output: str | None) -> Path:
    if output is not None:
        return Path(output)
    return Path(folder or ".") / "report.json"
