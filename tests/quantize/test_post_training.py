"""The quantized model: its operators, whose weights they hold, and that its inputs alone decide its bytes."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import quantize
from graph import tflite
from pictures import DataError, input_table
from quantize import inspection, post_training
from quantize.errors import QuantizeError
from quantize.recipe import NONE


@pytest.fixture(scope="module")
def made(quantized):
    return tflite.read(quantized.blob)


def run(blob: bytes, inputs: np.ndarray) -> np.ndarray:
    """What LiteRT's reference kernels give for int8 inputs, one by one."""
    litert = pytest.importorskip("ai_edge_litert.interpreter", reason="needs the oracle extra")
    reference = litert.OpResolverType.BUILTIN_REF
    interpreter = litert.Interpreter(model_content=blob, experimental_op_resolver_type=reference)
    interpreter.allocate_tensors()
    outputs = []
    for one in inputs:
        interpreter.set_tensor(interpreter.get_input_details()[0]["index"], one[None])
        interpreter.invoke()
        outputs.append(interpreter.get_tensor(interpreter.get_output_details()[0]["index"])[0])
    return np.array(outputs)


def test_only_the_networks_own_operators_are_left(made):
    assert [op.kind.value for op in made.ops] == [
        "CONV_2D", "DEPTHWISE_CONV_2D", "CONV_2D", "MEAN", "FULLY_CONNECTED", "SOFTMAX",
    ]  # fmt: skip


def test_the_batch_is_one_and_the_border_int8(made):
    (ifm,), (ofm,) = made.inputs, made.outputs
    assert (made.tensors[ifm].shape, made.tensors[ifm].dtype.value) == ((1, 32, 32, 3), "int8")
    assert (made.tensors[ofm].shape, made.tensors[ofm].dtype.value) == ((1, 3), "int8")


def test_the_input_scale_spans_minus_one_to_one(made, quantized):
    quant = made.tensors[made.inputs[0]].quant
    assert (quant.scale, quant.zero_point) == (float(np.float32(2 / 255)), -1)
    assert quantized.record["input"]["scale"] == quant.scale
    assert quantized.record["output"]["zero_point"] == -128


def test_convolutions_have_a_scale_per_channel_and_the_dense_layer_one(made):
    weights = [made.tensors[op.inputs[1]] for op in made.ops if op.attrs is not None and len(op.inputs) > 2]
    assert [len(tensor.quant.scales) for tensor in weights] == [5, 5, 7, 1]


def test_the_converters_dense_weights_are_the_float_ones_to_half_a_step(float_model, colours):
    import keras

    made = tflite.read(post_training.quantize(float_model, colours, samples=12, recipe=NONE).blob)
    kernel, _ = keras.models.load_model(float_model).get_layer("classifier").get_weights()
    op = next(op for op in made.ops if op.kind == "FULLY_CONNECTED")
    weights = made.tensors[op.inputs[1]]
    real = weights.quant.scale * (weights.data.astype(np.float64) - weights.quant.zero_point)
    assert np.abs(real - kernel.T).max() <= weights.quant.scale * 0.5001
    assert np.abs(weights.data).max() == 127


def test_it_answers_as_the_float_model_does(made, quantized, float_model, colours):
    import keras

    pixels = colours.test.read(range(len(colours.test)), 32)
    quant = made.tensors[made.inputs[0]].quant
    out = run(quantized.blob, input_table(quant.scale, quant.zero_point, np.int8)[pixels])
    by_int8 = (out.astype(np.float64) + 128) / 256
    by_keras = keras.models.load_model(float_model)(pixels / np.float32(127.5) - 1).numpy()
    assert np.ptp(by_keras, axis=0).max() > 0.1  # the pictures do not all look alike to it
    assert np.abs(by_int8 - by_keras).max() < 0.1


def test_the_bytes_depend_on_the_inputs_alone(quantized, float_model, folder, tmp_path):
    """A second process, through the command, gives the same three files' content."""
    output = tmp_path / "model.tflite"
    words = ["quantize", str(float_model), "--data", str(folder), "--samples", "12", "-o", str(output)]
    root = Path(quantize.__file__).parent.parent
    ran = subprocess.run(
        [sys.executable, "-m", "quantize", *words], cwd=root, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stderr == ""
    assert ran.stdout.startswith("int8, ")
    assert output.read_bytes() == quantized.blob
    assert json.loads((tmp_path / "calibration.json").read_text()) == quantized.calibration
    assert json.loads((tmp_path / "quantize.json").read_text()) == quantized.record
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "calibration.json",
        "model.tflite",
        "quantize.json",
    ]


def test_the_record_holds_the_hashes_of_what_it_speaks_of(quantized, float_model):
    assert quantized.record["model_sha256"] == hashlib.sha256(quantized.blob).hexdigest()
    assert quantized.record["float_sha256"] == hashlib.sha256(float_model.read_bytes()).hexdigest()
    assert quantized.record["calibration_sha256"] == quantized.calibration["sha256"]
    assert quantized.record["operators"] == sorted(
        ["CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "MEAN", "SOFTMAX"]
    )


def test_a_saved_model_gives_the_same_network(build, quantized, made, colours, tmp_path):
    build().export(tmp_path / "saved", verbose=False)
    again = post_training.quantize(tmp_path / "saved", colours, samples=12, seed=0)
    other = tflite.read(again.blob)
    assert [op.kind for op in other.ops] == [op.kind for op in made.ops]
    assert other.tensors[other.inputs[0]].shape == (1, 32, 32, 3)
    inputs = np.random.default_rng(0).integers(-128, 128, (4, 32, 32, 3), dtype=np.int8)
    assert (run(again.blob, inputs) == run(quantized.blob, inputs)).all()


def test_a_layer_without_an_int8_kernel_is_refused_in_one_line(colours, tmp_path):
    import keras

    inputs = keras.Input((32, 32, 3))
    x = keras.layers.GlobalAveragePooling2D()(keras.ops.sin(inputs))
    keras.Model(inputs, keras.layers.Dense(3)(x)).save(tmp_path / "sin.keras")
    with pytest.raises((QuantizeError, inspection.NotFullIntegerError)) as caught:
        post_training.quantize(tmp_path / "sin.keras", colours, samples=3)
    assert "\n" not in str(caught.value)


def test_pictures_of_other_classes_are_refused(build, colours, tmp_path):
    build(classes=4).save(tmp_path / "four.keras")
    with pytest.raises(QuantizeError, match=r"4 classes, but .* has 3"):
        post_training.quantize(tmp_path / "four.keras", colours)


def test_a_model_of_any_size_is_refused(build, colours, tmp_path):
    build(res=None).save(tmp_path / "any.keras")
    with pytest.raises(QuantizeError, match=r"input of shape \[None, None, None, 3\]"):
        post_training.quantize(tmp_path / "any.keras", colours)


def test_no_samples_are_refused(float_model, colours):
    with pytest.raises(DataError, match="cannot draw 0"):
        post_training.quantize(float_model, colours, samples=0)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("weights.h5", "cannot be loaded"),
        ("broken.keras", "cannot be loaded"),
        ("model.pb", "neither a .keras file"),
    ],
)
def test_what_is_no_float_model_is_named_in_one_line(colours, tmp_path, name, says):
    (tmp_path / name).write_bytes(b"nothing")
    with pytest.raises(QuantizeError, match=says) as caught:
        post_training.quantize(tmp_path / name, colours)
    assert str(tmp_path / name) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_folder_that_only_looks_like_a_saved_model_is_refused(colours, tmp_path):
    (tmp_path / "saved_model.pb").write_bytes(b"nothing")
    with pytest.raises(QuantizeError, match="no usable SavedModel"):
        post_training.quantize(tmp_path, colours)
