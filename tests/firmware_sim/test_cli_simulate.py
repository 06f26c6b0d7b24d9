"""`sixmeg simulate`: files that cannot be used are one line and exit code 2; nothing half-made is left."""

import numpy as np
import pytest

import sixmeg

MODEL = "tflm_hello_world_int8.tflite"


def sixmeg_says(capsys, *arguments) -> tuple[int, str]:
    with pytest.raises(SystemExit) as stopped:
        sixmeg.main([str(a) for a in arguments])
    return stopped.value.code, capsys.readouterr().err


def write(path, content):
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content is not None:
        np.save(path, content, allow_pickle=True)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "No such file"),
        (b"", "damaged"),
        (b"\x93NUMPY\x01\x00v\x00", "damaged"),
        (b"PK\x03\x04 no archive", "damaged"),
        (np.array([{"an": "object"}]), "damaged"),
        (np.zeros((1, 1), np.float32), "quantize it first"),
        (np.zeros((1, 2), np.int8), "the model takes int8"),
    ],
    ids=["missing", "empty", "truncated", "no archive", "pickle", "wrong type", "wrong shape"],
)
def test_an_input_that_cannot_be_used_is_one_line_and_2(shared, tmp_path, capsys, content, said):
    x, y = tmp_path / "x.npy", tmp_path / "y.npy"
    write(x, content)
    code, error = sixmeg_says(capsys, "simulate", shared / "models" / MODEL, "--input", x, "--output", y)
    assert code == 2
    assert error.startswith("sixmeg: error: ") and error.count("\n") == 1
    assert said in error
    assert list(tmp_path.glob("y*")) == []


def test_an_output_by_another_name_is_refused_before_any_work(shared, tmp_path, capsys):
    model = shared / "models" / MODEL
    code, error = sixmeg_says(
        capsys, "simulate", model, "--input", "none.npy", "--output", tmp_path / "y.txt"
    )
    assert (code, "name it .npy" in error) == (2, True)


def test_an_archive_by_tensor_name_goes_in_and_out(shared, tmp_path):
    from graph import tflite

    path = shared / "models" / MODEL
    graph = tflite.read_file(path)
    ifm, ofm = (graph.tensors[i[0]].name for i in (graph.inputs, graph.outputs))
    x, y = tmp_path / "x.npz", tmp_path / "y.npz"
    np.savez(x, **{ifm: np.zeros((5, 1), np.int8)})
    with pytest.raises(SystemExit) as stopped:
        sixmeg.main(["simulate", str(path), "--input", str(x), "--output", str(y)])
    assert stopped.value.code == 0
    with np.load(y) as outputs:
        assert outputs[ofm].shape == (5, 1)
