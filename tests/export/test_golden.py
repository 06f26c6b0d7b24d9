"""Where golden inputs come from."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from export import golden
from export.errors import ExportError
from export.pixels import PixelRule
from graph.types import DType, Graph


def echo(inputs: np.ndarray) -> list[np.ndarray]:
    return [inputs.reshape(len(inputs), -1)[:, :70].copy()]


def test_given_inputs_come_first_and_seeded_ones_fill_up(tiny: Graph) -> None:
    given = np.full((3, 5, 7, 3), 11, np.int8)
    made = golden.make(tiny, echo, given=given)
    assert made.inputs.shape == (8, 5, 7, 3)
    assert np.array_equal(given, made.inputs[:3])
    assert made.sources[:3] == ("given, number 0", "given, number 1", "given, number 2")
    assert np.array_equal(np.full((5, 7, 3), -1, np.int8), made.inputs[3]), "the zero point"


def test_of_many_given_inputs_the_first_eight_are_taken(tiny: Graph) -> None:
    given = np.arange(12 * 5 * 7 * 3).reshape(12, 5, 7, 3).astype(np.int8)
    assert np.array_equal(given[:8], golden.make(tiny, echo, given=given).inputs)


def test_seeded_inputs_hold_the_edges_and_differ_by_seed(tiny: Graph) -> None:
    one, other = golden.make(tiny, echo), golden.make(tiny, echo, seed=1)
    assert {-1} == set(one.inputs[0].flat)
    assert {-128} == set(one.inputs[1].flat)
    assert {127} == set(one.inputs[2].flat)
    assert np.array_equal(one.inputs[:4], other.inputs[:4])
    assert not any(np.array_equal(a, b) for a, b in zip(one.inputs[4:], other.inputs[4:], strict=True))
    assert len({row.tobytes() for row in one.inputs}) == 8


def test_seeded_bytes_never_change(tiny: Graph) -> None:
    assert golden.make(tiny, echo).inputs[4].reshape(-1)[:5].tolist() == [123, 25, 4, -69, -6]


def test_pixels_pass_through_the_rule(tiny: Graph, tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.full((2, 5, 7, 3), 255, np.uint8))
    rule = PixelRule.parse("2/255", "-1")
    read = golden.read_inputs(tmp_path / "x.npy", tiny.tensors[0], rule)
    assert ({126}, np.int8) == (set(read.flat), read.dtype)
    with pytest.raises(ExportError, match="type uint8"):
        golden.read_inputs(tmp_path / "x.npy", tiny.tensors[0], None)


def test_one_input_without_a_batch_is_a_batch_of_one(tiny: Graph, tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.zeros((5, 7, 3), np.int8))
    assert golden.read_inputs(tmp_path / "x.npy", tiny.tensors[0], None).shape == (1, 5, 7, 3)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (np.zeros((1, 7, 5, 3), np.int8), r"shape \[1, 7, 5, 3\], the model takes \['N', 5, 7, 3\]"),
        (np.zeros((1, 1, 5, 7, 3), np.int8), "shape"),
        (np.zeros((0, 5, 7, 3), np.int8), "holds no input"),
        (np.zeros((1, 5, 7, 3), np.float32), "type float32, the model takes int8"),
        (b"no array", "not an .npy"),
        (np.full((1, 5, 7, 3), None, object), "not an .npy"),
        (b"", "not an .npy"),
        (None, "No such file"),
    ],
)
def test_a_file_that_is_no_input_is_refused_in_a_line(tiny: Graph, tmp_path: Path, content, message) -> None:
    path = tmp_path / "x.npy"
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content is not None:
        np.save(path, content)
    with pytest.raises(ExportError, match=message) as caught:
        golden.read_inputs(path, tiny.tensors[0], None)
    assert "\n" not in str(caught.value)


def test_a_simulator_with_other_outputs_is_refused(tiny: Graph) -> None:
    with pytest.raises(ExportError, match="probabilities"):
        golden.make(tiny, lambda x: [x])


def test_pixel_rule_rounds_halves_up_and_clamps(tiny: Graph) -> None:
    table = PixelRule.parse("1/127", "-128/127").table(tiny.tensors[0])  # p - 128, then the zero point -1
    assert table[[0, 1, 2, 255]].tolist() == [-128, -128, -127, 126]
    halves = PixelRule.parse("1/254", "0").table(tiny.tensors[0])
    assert halves[[0, 1, 2, 3]].tolist() == [-1, 0, 0, 1]


@pytest.mark.parametrize("rule", [("x", "0"), ("1/0", "0"), ("0", "1")])
def test_a_pixel_rule_that_is_no_number_is_refused(rule: tuple[str, str]) -> None:
    with pytest.raises(ExportError, match="pixel rule"):
        PixelRule.parse(*rule)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"dtype": DType.FLOAT32}, "is float32; quantize the model"),
        ({"shape": (2, 5, 7, 3)}, r"shape \[2, 5, 7, 3\]; fix the batch to 1"),
        ({"shape": ()}, r"shape \[\]"),
    ],
)
def test_an_input_that_firmware_cannot_take_is_refused(tiny: Graph, change: dict, message: str) -> None:
    tensors = (replace(tiny.tensors[0], **change), *tiny.tensors[1:])
    with pytest.raises(ExportError, match=message):
        golden.make(replace(tiny, tensors=tensors), echo)


def test_a_second_input_is_refused(tiny: Graph) -> None:
    with pytest.raises(ExportError, match="2 inputs"):
        golden.make(replace(tiny, inputs=(0, 2)), echo)
