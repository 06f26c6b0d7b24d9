"""The worst case made on purpose: channels of a float model spread apart, its function kept; int8 of both.

python -m benchmarks.worst_case FLOAT.keras DATA [SPREAD]
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

import click
import numpy as np


def spread_apart(model: Any, spread: float) -> int:
    """Multiply the channels between two layers by factors from 1 to 1/spread, divide after; how often.

    Taken are places before a ReLU without limit that a depthwise layer alone reads: the function stays, the
    channels' ranges do not.
    """
    import keras

    layers, done = keras.layers, 0
    for after in [one for one in model.layers if isinstance(one, layers.DepthwiseConv2D)]:
        before = _before(after)
        if before is None:
            continue
        values = before.get_weights()
        channels = values[1].shape[0]
        factors = np.geomspace(1, 1 / spread, channels).astype(np.float32)
        np.random.default_rng(done).shuffle(factors)
        before.set_weights([values[0] * factors, values[1] * factors, *values[2:]])
        kernel, *rest = after.get_weights()
        after.set_weights([kernel / factors[:, None], *rest])
        done += 1
    return done


def _before(after: Any) -> Any:
    """The layer whose scale and shift the channels that `after` reads come from."""
    import keras

    relu = after.input._keras_history.operation
    plain = isinstance(relu, keras.layers.ReLU) and relu.max_value is None
    if not plain or len(relu._outbound_nodes) != 1:
        return None
    before = relu.input._keras_history.operation
    fits = isinstance(before, (keras.layers.BatchNormalization, keras.layers.Conv2D))
    return before if fits and len(before.get_weights()) >= 2 else None


def main() -> None:
    """Print float, plain and auto, on the test split."""
    import keras

    import pictures
    import quiet
    from quantize import post_training, report_quality
    from quantize.auto import Search
    from quantize.recipe import NONE

    source, data = sys.argv[1], pictures.load(sys.argv[2])
    spread = float(sys.argv[3]) if len(sys.argv) > 3 else 1000.0
    with quiet.aside():
        model = keras.models.load_model(source, compile=False)
    count = spread_apart(model, spread)
    click.echo(f"{count} places, channels spread by {spread:g}")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "spread.keras"
        model.save(path)
        for word, recipe in (("converter alone", NONE), ("auto", Search(20.0))):
            made = post_training.quantize(path, data, recipe=recipe)
            target = Path(folder) / "model.tflite"
            target.write_bytes(made.blob)
            found = report_quality.report(target, path, data, pictures.USUAL, 2000, 1, 1)
            click.echo(
                f"{word:16} float {found['float_top1']:.4f}  int8 {found['int8_top1']:.4f}  "
                f"agreement {found['agreement']:.4f}  of {found['samples']}"
            )


if __name__ == "__main__":
    main()
