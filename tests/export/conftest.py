"""A network of three operators, made by hand, small enough to compile in no time."""

from __future__ import annotations

import numpy as np
import pytest

from export import golden
from export.firmware import Firmware
from export.pixels import PixelRule
from export.tflm_arena import TflmArena
from graph.attrs import Activation, Conv2DAttrs, Padding, SoftmaxAttrs
from graph.op_kind import OpKind
from graph.types import DType, Graph, Op, QuantParams, Tensor
from memory_planner import plan
from memory_planner.chip import Chip, load


def _tensor(index: int, name: str, shape: tuple[int, ...], scale: float, zero: int, data=None) -> Tensor:
    return Tensor(index, name, shape, DType.INT8, QuantParams((scale,), (zero,)), data, buffer=index)


@pytest.fixture(scope="session")
def tiny() -> Graph:
    """CONV_2D 5x7x3 -> 5x7x2, RESHAPE, SOFTMAX over 70."""
    weights = np.arange(2 * 3, dtype=np.int8).reshape(2, 1, 1, 3)
    conv = Conv2DAttrs(Padding.SAME, 1, 1, 1, 1, Activation.NONE)
    return Graph(
        tensors=(
            _tensor(0, "image */ \u00e9", (1, 5, 7, 3), 1 / 127, -1),
            _tensor(1, "weights", (2, 1, 1, 3), 0.5, 0, weights),
            _tensor(2, "features", (1, 5, 7, 2), 0.25, 3),
            _tensor(3, "flat", (1, 70), 0.25, 3),
            _tensor(4, "probabilities", (1, 70), 1 / 256, -128),
        ),
        ops=(
            Op(0, OpKind.CONV_2D, (0, 1), (2,), conv),
            Op(1, OpKind.RESHAPE, (2,), (3,)),
            Op(2, OpKind.SOFTMAX, (3,), (4,), SoftmaxAttrs(1.0)),
        ),
        inputs=(0,),
        outputs=(4,),
    )


@pytest.fixture(scope="session")
def npu6m() -> Chip:
    return load("npu6m")


def first_seventy(inputs: np.ndarray) -> list[np.ndarray]:
    """Stands in for the simulator: the first 70 numbers of each input, reversed."""
    return [inputs.reshape(len(inputs), -1)[:, 69::-1].copy()]


@pytest.fixture(scope="session")
def firmware(tiny: Graph, npu6m: Chip) -> Firmware:
    """A folder's worth of the tiny network, under a name that is no C identifier."""
    return Firmware(
        name="tiny-net_0.5_160",
        blob=bytes(range(256)) * 3 + b"tail",
        graph=tiny,
        plan=plan(tiny, npu6m),
        chip=npu6m,
        vectors=golden.make(tiny, first_seventy),
        tflm=TflmArena("1.2.3", 4096, 3072, 1024),
        pixels=PixelRule.parse("2/255", "-1"),
        oracles=({"oracle": "tflm", "bytes_compared": 10, "bytes_different": 0},),
        calibration={"sha256": "ab" * 32},
    )
