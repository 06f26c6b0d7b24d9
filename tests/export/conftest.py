"""A network of three operators, made by hand, small enough to compile in no time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from export import golden
from export.firmware import Firmware
from export.pixels import PixelRule
from export.tflm_arena import TflmArena
from export.tflm_form import BufferPlan, TflmForm
from files import write_json
from firmware_sim.cycles import fps_json
from graph.attrs import Activation, Conv2DAttrs, Padding, SoftmaxAttrs
from graph.op_kind import OpKind
from graph.types import DType, Graph, Op, QuantParams, Tensor
from memory_planner import fit, plan
from memory_planner.chip import Chip, load
from memory_planner.cli import plan_json
from memory_planner.cost.compared import cells
from memory_planner.tflm.arena import Arena


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


BLOB = bytes(range(256)) * 3 + b"tail"
FRONT = b"a plan in front of it"
FORM = TflmForm(
    planned=FRONT + BLOB,
    head_bytes=2048,
    lower_bound_bytes=2032,
    algorithm="by hand",
    order=(0, 1, 2),
    arenas={
        "host": Arena(3072, 3072, 2048, 1024, {}, ()),
        "cortex-m": Arena(2560, 2560, 2048, 512, {}, ()),
    },
    buffer_plan=BufferPlan(len(FRONT), 3, (0, 128, 0, 256)),
)


@pytest.fixture(scope="session")
def firmware(tiny: Graph, npu6m: Chip) -> Firmware:
    """A folder's worth of the tiny network, under a name that is no C identifier."""
    return Firmware(
        name="tiny-net_0.5_160",
        blob=BLOB,
        graph=tiny,
        plan=plan(tiny, npu6m),
        chip=npu6m,
        vectors=golden.make(tiny, first_seventy),
        tflm=TflmArena("1.2.3", 4096, 3072, 1024),
        form=FORM,
        pixels=PixelRule.parse("2/255", "-1"),
        oracles=({"oracle": "tflm", "bytes_compared": 10, "bytes_different": 0},),
        calibration={"sha256": "ab" * 32},
    )


def stage_files(folder: Path, graph: Graph, chip: Chip) -> Path:
    """A build folder as the main road leaves it; returns the chip's folder in it."""
    planned = plan(graph, chip)
    answer = fit(graph, planned, chip, 4321)
    chip_folder = folder / "mobilenet_v1_0.5_160" / "cifar10" / chip.name
    hashes = {"model_sha256": "ab" * 32}
    for name, content in {
        "npu6m/plan.json": plan_json(graph, planned, answer, "model.tflite", chip),
        "npu6m/fps.json": fps_json("model.tflite", graph, planned, chip) | {"cells": list(cells(chip))},
        "train.json": TRAIN,
        "onnx.json": {**ONNX, "float_sha256": "cd" * 32},
        "quantize.json": {
            "float_sha256": "cd" * 32,
            **hashes,
            "calibration_sha256": "ef" * 32,
            "calibration_samples": 29,
        },
        "accuracy.json": {**ACCURACY, **hashes},
        "compare_tflm.json": COMPARISON,
        "compare_tflite-ref.json": {**COMPARISON, "oracle": "tflite-ref", "bytes_different": 17},
    }.items():
        write_json(chip_folder.parent / name, content)
    return chip_folder


TRAIN = {
    "model": "mobilenet_v1_0.5_160",
    "alpha": 0.5,
    "res_px": 160,
    "activation": "relu6",
    "classes": ["cat", "<script>alert(1)</script>"],
    "macs": 76_000_001,
    "parameters": 830_003,
    "data": {
        "word": "cifar10",
        "origin": "a.tar",
        "sha256": "01" * 32,
        "train_samples": 53,
        "test_samples": 17,
    },
    "init": {"asked": "auto", "used": "scratch", "why": "no <b>weights</b> for this size"},
    "seed": 7,
    "minutes_budget": 10,
    "stages": [{"res_px": 32, "epochs": 1.5, "images": 79, "learning_rate": 0.1}],
    "float_top1": 0.6312,
    "float_loss": 1.5,
    "test_samples": 17,
    "versions": {"keras": "3.0"},
    "recipe": {"name": "scratch", "stages": [{"res_share": 0.5}, {"res_share": 1.0}]},
}
ONNX = {
    "onnx_sha256": "98" * 32,
    "opset": 17,
    "samples": 31,
    "max_abs_difference": 1.5e-06,
    "agreement": 1.0,
    "versions": {"onnx": "1.0"},
}
ACCURACY = {
    "data": "../pictures/flowers.tar",
    "samples": 10_007,
    "int8_top1": 0.6289,
    "float_top1": 0.6312,
    "agreement": 0.9713,
    "numerics": "tflm",
    "arena_bytes": 1,
}
COMPARISON = {
    "model": "model.tflite",
    "oracle": "tflm",
    "oracle_version": "0.dev1",
    "numerics": "tflm",
    "samples": 19,
    "seed": 1,
    "bytes_compared": 1_234_577,
    "bytes_different": 0,
    "max_abs_difference": 0,
    "tensors": [{"tensor": 2, "name": "features", "bytes_different": 0}],
    "first_difference": None,
    "not_compared": [{"tensor": 3, "name": "flat", "why": "shares its bytes"}],
}


@pytest.fixture
def build(tmp_path: Path, tiny: Graph, npu6m: Chip) -> Path:
    """The chip's folder of a whole build."""
    return stage_files(tmp_path / "build", tiny, npu6m)


BOARDS = {
    "model_sha256": "ab" * 32,
    "chip": "npu6m",
    "input": "whole",
    "pass": False,
    "machines": [
        {
            "machine": "cortex-m55",
            "cflags": "-O2",
            "pass": True,
            "links": True,
            "why": None,
            "instructions": 6_226_531,
            "digests": ["6962079d"],
            "memory": [{"region": "CHIP", "used_bytes": 261_568, "size_bytes": 6_291_456}],
            "text_bytes": 11_717,
            "constant_bytes": 233_800,
            "arena_bytes": 27_760,
        },
        {
            "machine": "cortex-m7",
            "cflags": "-O2",
            "pass": False,
            "links": False,
            "why": "does not link: CHIP lacks 1,231 bytes",
            "instructions": None,
            "digests": [],
            "memory": [],
            "text_bytes": None,
            "constant_bytes": None,
            "arena_bytes": None,
        },
    ],
}
"""What firmware_test.json says; one board passes."""
