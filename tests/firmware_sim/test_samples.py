"""Generated inputs: every second one random over the whole range, every other a picture."""

import numpy as np

from firmware_sim.samples import generated
from graph.types import DType, Graph, QuantParams, Tensor

QUANT = QuantParams((0.5,), (0,))


def taking(shape: tuple[int, ...], dtype: DType = DType.INT8) -> Graph:
    return Graph((Tensor(0, "ifm", shape, dtype, QUANT),), (), inputs=(0,), outputs=())


def test_a_sample_depends_on_the_seed_and_its_own_number_alone():
    graph = taking((1, 17, 19, 3))
    (few,), (many,) = generated(graph, 3, seed=4), generated(graph, 9, seed=4)
    assert few.tobytes() == many[:3].tobytes()
    assert few.tobytes() != generated(graph, 3, seed=5)[0].tobytes()


def test_random_samples_reach_every_value_and_pictures_are_smooth():
    (samples,) = generated(taking((1, 61, 67, 3)), 2, seed=1)
    assert len(np.unique(samples[0])) == 256
    steps = np.abs(np.diff(samples.astype(int), axis=3)).mean(axis=(1, 2, 3, 4))
    assert steps[1] < steps[0] / 5
    assert np.ptp(samples[1].astype(int)) > 128


def test_given_pictures_take_every_second_place_while_they_last():
    given = np.full((2, 1, 5, 7, 3), 9, np.int8)
    (samples,) = generated(taking((1, 5, 7, 3)), 6, 1, [given])
    assert [bool((sample == 9).all()) for sample in samples] == [False, True, False, True, False, False]


def test_float_and_flat_inputs_are_made_too():
    (real,) = generated(taking((1, 13), DType.FLOAT32), 4, seed=1)
    assert (real.dtype, real.shape) == (np.float32, (4, 1, 13))
    assert np.abs(real).max() <= 1
