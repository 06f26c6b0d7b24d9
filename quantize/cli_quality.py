"""The command `quality`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from quantize.cli import DATA_HELP, FLOAT

LOOKED_AT = 16  # pictures for the noise of each layer, whose float activations are all held
RANKED = 100  # pictures on which each layer is left in float


@click.command()
@click.argument("model", type=click.Path(exists=True, path_type=Path))
@click.option("--float", "float_model", type=FLOAT, required=True, help="What MODEL was made of.")
@click.option("--data", required=True, help=DATA_HELP)
@click.option("--samples", type=click.IntRange(1), default=1000, show_default=True, help="Pictures, at most.")
@click.option("--pixel-scale", default="2/255", show_default=True, help="FLOAT takes pixel * scale + offset.")
@click.option("--pixel-offset", default="-1", show_default=True, help="See --pixel-scale.")
@click.option("--unlabelled", is_flag=True, help="Pictures of other classes: no accuracy, only noise.")
@click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write the JSON to this file.")
def quality(
    model: Path, float_model: Path, data: str, output: Path | None, as_json: bool, **options: Any
) -> None:
    """Say what int8 costs MODEL (.tflite), and where: noise by layer, what each brings in float."""
    import pictures
    from files import json_text, write_json
    from quantize import report_quality

    rule = pictures.PixelRule.parse(options["pixel_scale"], options["pixel_offset"])
    found = report_quality.report(
        model,
        float_model,
        pictures.load(data),
        rule,
        options["samples"],
        LOOKED_AT,
        RANKED,
        not options["unlabelled"],
    )
    if output:
        write_json(output, found)
    if as_json:
        click.echo(json_text(found), nl=False)
        return
    line = f"the same class on {found['agreement']:.2%} of {found['samples']:,} pictures"
    if not options["unlabelled"]:
        line = f"int8 {found['int8_top1']:.2%} top-1, float {found['float_top1']:.2%}; {line}"
    click.echo(f"{line}; scores {found['sqnr_db']:.1f} dB above their noise")
    for one in found["ranking"][:5]:
        click.echo(
            f"  operator {one['op']} in float alone: agreement {one['agreement_gain']:+.2%}, "
            f"divergence {one['divergence_gain']:.5f} less"
        )
