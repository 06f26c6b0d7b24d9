"""The commands `quantize` and `onnx`; TensorFlow is imported only when they start."""

from __future__ import annotations

import logging
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from quantize.keras_files import Size

FLOAT = click.Path(exists=True, path_type=Path)
DATA_HELP = "What the model was trained on: cifar10, a folder or .tar of class folders, tfds:NAME."


@click.command()
@click.argument("float_model", metavar="FLOAT", type=FLOAT)
@click.option("--data", required=True, help=DATA_HELP)
@click.option(
    "--samples", type=click.IntRange(1), default=200, show_default=True, help="Calibration pictures."
)
@click.option("--seed", type=int, default=0, show_default=True, help="Of the draw of calibration pictures.")
@click.option("--recipe", default="standard", show_default=True, help="standard, auto, none, or a TOML file.")
@click.option(
    "--minutes",
    type=click.FloatRange(min=0, min_open=True),
    default=20.0,
    show_default=True,
    help="What auto may take.",
)
@click.option("--unlabelled", is_flag=True, help="The pictures are of other classes; not with auto.")
@click.option("--alpha", type=float, help="With --res and --classes: the MobileNetV1 that an .h5 fills.")
@click.option("--res", type=int, help="See --alpha.")
@click.option("--classes", type=int, help="See --alpha.")
@click.option("--pixel-scale", default="2/255", show_default=True, help="FLOAT takes pixel * scale + offset.")
@click.option("--pixel-offset", default="-1", show_default=True, help="See --pixel-scale.")
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="The .tflite to write.")
def quantize(
    float_model: Path,
    data: str,
    samples: int,
    seed: int,
    recipe: str,
    minutes: float,
    unlabelled: bool,
    alpha: float | None,
    res: int | None,
    classes: int | None,
    pixel_scale: str,
    pixel_offset: str,
    output: Path,
) -> None:
    """Quantize FLOAT (.keras, SavedModel, .h5) to int8, with calibration.json and quantize.json beside.

    With --recipe auto, what each aid brings is measured on pictures of train that calibration does not see;
    an interrupted search goes on where it was.
    """
    import pictures
    from files import write_bytes, write_json
    from quantize import post_training
    from quantize import recipe as recipes
    from quantize.auto import Search

    if unlabelled and recipe == "auto":
        raise click.UsageError("--unlabelled: auto judges by classes; give --recipe standard")
    _log()
    folder = Path(f"{output}.search")
    made = post_training.quantize(
        float_model,
        pictures.load(data),
        samples,
        seed,
        recipe=Search(minutes, click.echo, folder) if recipe == "auto" else recipes.load(recipe),
        size=_size(alpha, res, classes),
        labelled=not unlabelled,
        pixels=pictures.PixelRule.parse(pixel_scale, pixel_offset),
    )
    write_json(output.with_name("calibration.json"), made.calibration)
    write_json(output.with_name("quantize.json"), made.record)
    write_bytes(output, made.blob)
    shutil.rmtree(folder, ignore_errors=True)
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


def _size(alpha: float | None, res: int | None, classes: int | None) -> Size | None:
    from quantize.keras_files import Size

    if alpha is None and res is None and classes is None:
        return None
    if alpha is None or res is None or classes is None:
        raise click.UsageError("--alpha, --res and --classes go together")
    return Size(alpha, res, classes)


def _log() -> None:
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    logging.getLogger("pictures").setLevel(logging.INFO)
