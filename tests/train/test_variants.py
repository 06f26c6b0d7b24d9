"""The networks that the paper sets beside its own: counts as published, and as Keras has them."""

import math

import pytest

from train.errors import TrainError
from train.macs import cost
from train.mobilenet_v1 import build
from train.variants import blocks_of


@pytest.mark.parametrize(
    ("alpha", "variant", "macs_millions", "parameters_millions"),
    [
        (1.0, "full", 4866, 29.3),
        (1.0, "shallow", 307, 2.9),
        (0.75, "separable", 325, 2.6),
        (1.0, "separable", 569, 4.2),
    ],
)
def test_counts_are_the_papers(alpha, variant, macs_millions, parameters_millions):
    counted = cost(alpha, 224, 1000, variant)
    classifier = 1024 * 1000  # the paper counts it in some rows and not in others
    assert macs_millions in {round(counted.macs / 1e6), round((counted.macs - classifier) / 1e6)}
    assert math.isclose(counted.parameters / 1e6, parameters_millions, abs_tol=0.06)


@pytest.mark.parametrize("variant", ["full", "shallow"])
def test_counts_are_those_of_the_keras_model(variant):
    model = build(0.25, 64, 7, variant=variant)
    macs = 0
    for layer in model.layers:
        if hasattr(layer, "kernel"):
            positions = math.prod(layer.output.shape[1:3]) if len(layer.output.shape) == 4 else 1
            macs += math.prod(layer.kernel.shape) * positions
    counted = cost(0.25, 64, 7, variant)
    assert (counted.macs, counted.parameters) == (macs, model.count_params())


def test_an_unknown_variant_is_refused():
    with pytest.raises(TrainError, match="variant 'wide' is not one of separable, full, shallow"):
        blocks_of(1.0, "wide")
