"""The commands `quantize` and `onnx`; TensorFlow is imported only when they start."""

from __future__ import annotations

import logging
from pathlib import Path

import click

FLOAT = click.Path(exists=True, path_type=Path)
DATA_HELP = "What the model was trained on: cifar10, a folder or .tar of class folders, tfds:NAME."


@click.command()
@click.argument("float_model", metavar="FLOAT", type=FLOAT)
@click.option("--data", required=True, help=DATA_HELP)
@click.option(
    "--samples", type=click.IntRange(1), default=200, show_default=True, help="Calibration pictures."
)
@click.option("--seed", type=int, default=0, show_default=True, help="Of the draw of calibration pictures.")
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="The .tflite to write.")
def quantize(float_model: Path, data: str, samples: int, seed: int, output: Path) -> None:
    """Quantize FLOAT (.keras or SavedModel) to int8, with calibration.json and quantize.json beside."""
    import pictures
    from files import write_bytes, write_json
    from quantize import post_training

    _log()
    made = post_training.quantize(float_model, pictures.load(data), samples, seed)
    write_json(output.with_name("calibration.json"), made.calibration)
    write_json(output.with_name("quantize.json"), made.record)
    write_bytes(output, made.blob)
    border = made.record["input"]
    click.echo(
        f"int8, {len(made.blob):,} bytes, calibrated on {len(made.calibration['samples'])} pictures, "
        f"input scale {border['scale']:.6g} zero point {border['zero_point']}: {output}"
    )


@click.command()
@click.argument("float_model", metavar="FLOAT", type=FLOAT)
@click.option("--data", required=True, help=DATA_HELP)
@click.option(
    "--samples", type=click.IntRange(1), default=32, show_default=True, help="Pictures to compare on."
)
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="The .onnx to write.")
def onnx(float_model: Path, data: str, samples: int, output: Path) -> None:
    """Write FLOAT as ONNX, run it by onnxruntime and compare it with Keras, in onnx.json beside."""
    import pictures
    from files import write_bytes, write_json
    from quantize import onnx_export

    _log()
    made = onnx_export.export(float_model, pictures.load(data), samples)
    write_json(output.with_name("onnx.json"), made.record)
    write_bytes(output, made.blob)
    click.echo(
        f"onnx, {len(made.blob):,} bytes, within {made.record['max_abs_difference']:.2g} of Keras, "
        f"same class in {made.record['agreement']:.0%} of {made.record['samples']} pictures: {output}"
    )


def _log() -> None:
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    logging.getLogger("pictures").setLevel(logging.INFO)
