"""What runs in the plan's own order gives the bits of the file's order."""

from dataclasses import replace

import numpy as np

from firmware_sim.run import run
from graph.attrs import Activation, ConcatenationAttrs
from graph.op_kind import OpKind
from graph.types import DType, Graph, Op, QuantParams, Tensor
from memory_planner import plan
from memory_planner.chip import load
from memory_planner.lifetimes import file_order

QUANT = QuantParams((0.5,), (3,))
CONCATENATION = ConcatenationAttrs(3, Activation.NONE)


def fork() -> Graph:
    """x seven times over, and a slice of that, in two branches; the file runs them side by side."""
    sides = [(1, 3, 5, 2), (1, 3, 5, 14), (1, 3, 5, 14), (1, 3, 5, 1), (1, 3, 5, 3), (1, 3, 5, 4)]
    corners = [((0, 0, 0, 5), (1, 3, 5, 1)), ((0, 0, 0, 8), (1, 3, 5, 3))]
    constants = [np.array(side, np.int32) for corner in corners for side in corner]
    return Graph(
        tensors=(
            *(Tensor(i, f"t{i}", shape, DType.INT8, QUANT) for i, shape in enumerate(sides)),
            *(Tensor(6 + i, f"c{i}", (4,), DType.INT32, data=data) for i, data in enumerate(constants)),
        ),
        ops=(
            Op(0, OpKind.CONCATENATION, (0,) * 7, (1,), CONCATENATION),
            Op(1, OpKind.CONCATENATION, (0,) * 7, (2,), CONCATENATION),
            Op(2, OpKind.SLICE, (1, 6, 7), (3,)),
            Op(3, OpKind.SLICE, (2, 8, 9), (4,)),
            Op(4, OpKind.CONCATENATION, (3, 4), (5,), CONCATENATION),
        ),
        inputs=(0,),
        outputs=(5,),
    )


def test_a_branch_that_runs_to_its_end_first_gives_the_same_bits():
    ifm = np.random.default_rng(7).integers(-128, 128, (1, 3, 5, 2), np.int8)
    made = plan(fork(), load("npu6m"))
    assert made.schedule != file_order(fork())
    result = run(fork(), made, ifm, keep_activations=True)
    seven = np.concatenate([ifm] * 7, axis=3)
    expected = np.concatenate([seven[..., 5:6], seven[..., 8:11]], axis=3)
    assert np.array_equal(expected, result.outputs[0])
    assert list(result.activations) == [0, *(fork().ops[i].outputs[0] for i in made.schedule.op_order)]


def test_the_plan_of_a_file_in_the_best_order_is_that_order():
    made = plan(fork(), load("npu6m"))
    ops = tuple(replace(fork().ops[op], index=i) for i, op in enumerate(made.schedule.op_order))
    again = plan(replace(fork(), ops=ops), load("npu6m"))
    assert again.schedule == file_order(fork())
    assert again.arena_bytes == made.arena_bytes
