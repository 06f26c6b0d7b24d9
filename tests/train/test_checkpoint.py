"""A checkpoint gives back what was saved, or nothing at all."""

import numpy as np
import pytest

from train import checkpoint

RUN = {"alpha": 0.5, "seed": 3}


@pytest.fixture
def variables():
    import keras

    return [keras.Variable(np.arange(6.0).reshape(2, 3)), keras.Variable(np.int64(17))]


def test_restore_gives_variables_and_position_back(variables, tmp_path):
    path = tmp_path / "checkpoint" / "state.npz"
    checkpoint.save(path, variables, {"run": RUN, "spent_steps": 5})
    kept = [np.array(variable) for variable in variables]
    for variable in variables:
        variable.assign(variable * 0)
    assert checkpoint.restore(path, variables, RUN) == {"run": RUN, "spent_steps": 5}
    for variable, expected in zip(variables, kept, strict=True):
        np.testing.assert_array_equal(np.array(variable), expected)
    assert [file.name for file in path.parent.iterdir()] == ["state.npz"]


def test_nothing_is_restored_where_nothing_was_saved(variables, tmp_path):
    assert checkpoint.restore(tmp_path / "state.npz", variables, RUN) is None


def test_a_checkpoint_of_another_run_changes_nothing(variables, tmp_path, caplog):
    path = tmp_path / "state.npz"
    checkpoint.save(path, variables, {"run": {**RUN, "seed": 4}})
    variables[1].assign(1)
    assert checkpoint.restore(path, variables, RUN) is None
    assert int(np.array(variables[1])) == 1
    assert "belongs to a run with other settings" in caplog.text


def test_variables_of_other_shapes_are_another_run(variables, tmp_path):
    path = tmp_path / "state.npz"
    checkpoint.save(path, variables, {"run": RUN})
    assert checkpoint.restore(path, variables[:1], RUN) is None
    assert checkpoint.restore(path, variables[::-1], RUN) is None


@pytest.mark.parametrize("size_bytes", [0, 1, 300])
def test_a_truncated_checkpoint_is_none(variables, tmp_path, caplog, size_bytes):
    path = tmp_path / "state.npz"
    checkpoint.save(path, variables, {"run": RUN})
    path.write_bytes(path.read_bytes()[:size_bytes])
    assert checkpoint.restore(path, variables, RUN) is None
    assert "cannot be read, training starts anew" in caplog.text
