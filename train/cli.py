"""The commands `train` and `summary`; TensorFlow is imported only when training starts."""

from __future__ import annotations

import json

import click


@click.command()
@click.option("--json", "as_json", is_flag=True, help="For programs: exact integers.")
def summary(as_json: bool) -> None:
    """MACs and parameters of the 16 standard MobileNetV1 sizes, beside the published figures."""
    from train import summary as sizes

    table = sizes.rows()
    click.echo(json.dumps(sizes.as_json(table), indent=2) if as_json else sizes.as_text(table), nl=as_json)
