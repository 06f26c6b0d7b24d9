"""The commands `train` and `summary`; TensorFlow is imported only when training starts."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import click

from train.variants import SEPARABLE, VARIANTS


@click.command()
@click.option("--alpha", type=float, default=0.5, show_default=True, help="Width multiplier.")
@click.option("--res", type=int, default=160, show_default=True, help="Input side in px, a multiple of 32.")
@click.option(
    "--data",
    default="cifar10",
    show_default=True,
    help="cifar10, a folder or .tar of class folders, tfds:NAME.",
)
@click.option(
    "--init",
    default="auto",
    show_default=True,
    help="auto, scratch, imagenet, or a weights file (.h5, .keras).",
)
@click.option("--minutes", type=float, help="Time budget; 10 from scratch, 15 from trained weights.")
@click.option("--steps", type=int, help="Exact number of steps instead: the same on any machine.")
@click.option("--seed", type=int, default=0, show_default=True)
@click.option("--activation", type=click.Choice(["relu6", "relu"]), default="relu6", show_default=True)
@click.option(
    "--variant",
    type=click.Choice(VARIANTS),
    default=SEPARABLE,
    show_default=True,
    help="full: 3x3 convolutions instead of separable blocks; shallow: five blocks fewer.",
)
@click.option("--qat", is_flag=True, help="Train on int8's roundings, best from --init float.keras.")
@click.option("--teacher", help="A Keras model (.keras) of the same classes, to learn from.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="Folder; build/<model>/<data> where not given."
)
def train(
    alpha: float,
    res: int,
    data: str,
    init: str,
    minutes: float | None,
    steps: int | None,
    seed: int,
    activation: str,
    variant: str,
    teacher: str | None,
    qat: bool,
    output: Path | None,
) -> None:
    """Train a MobileNetV1 in a time budget; an interrupted run goes on when called again."""
    from graph.mobilenet import check_size

    check_size(alpha, res, 2)
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    for name in ("train", "pictures"):
        logging.getLogger(name).setLevel(logging.INFO)
    import quiet

    with quiet.aside():
        import tensorflow as tf

        tf.zeros(1)  # TensorFlow describes the machine at its first operation
    from train import run

    wish = run.Wish(alpha, res, data, init, minutes, steps, seed, activation, variant, teacher, qat)
    folder = run.train(wish, output)
    record = json.loads((folder / "train.json").read_text(encoding="utf-8"))
    click.echo(
        f"float top-1 {record['float_top1']:.2%} of {record['test_samples']:,} test pictures, "
        f"{record['model']} from {record['init']['used']}: {folder / 'float.keras'}"
    )


@click.command()
@click.option("--json", "as_json", is_flag=True, help="For programs: exact integers.")
def summary(as_json: bool) -> None:
    """MACs and parameters of the 16 standard MobileNetV1 sizes, beside the published figures."""
    from train import summary as sizes

    table = sizes.rows()
    click.echo(json.dumps(sizes.as_json(table), indent=2) if as_json else sizes.as_text(table), nl=as_json)
