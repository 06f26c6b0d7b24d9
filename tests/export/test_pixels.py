"""From a camera's bytes to the input: the worked example, and what forgetting the shift does."""

from __future__ import annotations

import hashlib
import io
import tarfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from export.pixels import PixelRule
from firmware_sim.program import prepare
from firmware_sim.run import run_batch
from graph import tflite
from graph.attrs import Activation, Conv2DAttrs, Padding
from graph.op_kind import OpKind
from graph.types import DType, Graph, QuantParams, Tensor
from memory_planner import plan
from tests.export.c.folders import NPU6M
from tests.networks import Builder

BRIGHT, DARK = 0, 1
PERSON = 1


def answers(graph: Graph, pictures: np.ndarray) -> np.ndarray:
    """The largest output for each picture of the model's own type."""
    return run_batch(prepare(graph, plan(graph, NPU6M)), pictures, progress=False)[0].reshape(-1, 2).argmax(1)


def bright_or_dark(shape: tuple[int, ...]) -> Graph:
    """A mean of the picture against its negative; the input holds 0..1 in 255 steps of 1/255."""
    made = Builder(shape, 1)
    pixels = QuantParams((1 / 255,), (-128,))
    made.tensors[made.input] = Tensor(made.input, "camera", shape, DType.INT8, pixels)
    weights = made.constant(np.array([[[[1] * 3]], [[[-1] * 3]]], np.int8), QuantParams((1.0,), (0,)))
    bias = made.constant(np.array([-383, 383], np.int32), QuantParams((1 / 255,), (0,)))
    attrs = Conv2DAttrs(Padding.SAME, 1, 1, 1, 1, Activation.NONE)
    at = made.op(OpKind.CONV_2D, (made.input, weights, bias), (*shape[:3], 2), attrs)
    return made.graph(made.mean(at))


def test_the_worked_example_is_the_table_s_and_the_rule_s() -> None:
    tensor = Tensor(0, "camera", (1, 2, 2, 3), DType.INT8, QuantParams((2 / 255,), (-1,)))
    rule = PixelRule.parse("2/255", "-1")
    told, table = rule.record(tensor), rule.table(tensor)
    assert told["table_sha256"] == hashlib.sha256(table.tobytes()).hexdigest()
    for example in told["example"]:
        assert example["input"] == table[example["pixels"]].tolist()
        assert example["real"] == [(2 * p - 255) / 255 for p in example["pixels"]]
        assert example["unchanged"] == [p - 256 * (p > 127) for p in example["pixels"]]


@pytest.mark.parametrize("grey", [0, 40, 200, 255])
def test_a_picture_without_the_shift_gets_the_other_answer(grey: int) -> None:
    picture = np.full((1, 4, 5, 3), grey, np.uint8)
    picture[0, ::2] ^= 3
    graph = bright_or_dark(picture.shape)
    table = PixelRule.parse("1/255", "0").table(graph.tensors[graph.inputs[0]])
    right = BRIGHT if grey > 127 else DARK
    assert answers(graph, table[picture]).tolist() == [right]
    assert answers(graph, picture.view(np.int8)).tolist() == [1 - right]


def test_faces_are_people_with_the_rule_and_often_not_without(shared: Path) -> None:
    graph = tflite.read_file(shared / "models" / "tflm_person_detect_mnv1_025_96_int8.tflite")
    with tarfile.open(shared / "data" / "att_faces.tar") as tar:
        names = [name for name in sorted(tar.getnames()) if name.endswith((".pgm", ".png"))][::20]
        files = [tar.extractfile(name).read() for name in names]
    grey = [Image.open(io.BytesIO(file)).convert("L").resize((96, 96)) for file in files]
    pictures = np.stack([np.asarray(picture)[..., None] for picture in grey])
    table = PixelRule.parse("2/255", "-1").table(graph.tensors[graph.inputs[0]])
    with_rule, without = answers(graph, table[pictures]), answers(graph, pictures.view(np.int8))
    assert with_rule.tolist() == [PERSON] * 20
    assert without.tolist().count(PERSON) == 10
