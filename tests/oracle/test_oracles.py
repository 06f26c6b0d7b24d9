"""Oracles run apart: what they refuse, and what kills them, ends as one line."""

import numpy as np
import pytest

from firmware_sim import oracles
from firmware_sim.oracles import Job, Oracle, record, record_all
from graph.errors import OracleError
from tests.oracle.choices import REFERENCES
from tests.oracle.single_op import model, options, quantized

pytest.importorskip("tflite_micro", reason="needs the oracle extra")

ROW = quantized((1, 512), 1e-4, 0)
ABORTING = model("SOFTMAX", [ROW], quantized((1, 512), 1 / 256, -128), options("SoftmaxOptions", beta=1.0))
WRONG = model("SOFTMAX", [ROW], quantized((1, 512), 0.5, 0), options("SoftmaxOptions", beta=1.0))
ZEROS = np.zeros((1, 1, 512), np.int8)


@pytest.mark.parametrize("oracle", REFERENCES)
def test_a_crash_is_one_line(oracle):
    with pytest.raises(OracleError, match=r"crashed \(SIGABRT\)") as caught:
        record(oracle, Job(ABORTING, (ZEROS,), (1,)))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("oracle", REFERENCES)
def test_a_refusal_is_one_line_and_leaves_the_other_models_of_the_process_alone(oracle):
    fine = model(
        "SOFTMAX",
        [quantized((1, 512), 1.0, 0)],
        quantized((1, 512), 1 / 256, -128),
        options("SoftmaxOptions", beta=1.0),
    )
    ramp = np.arange(512).astype(np.int8).reshape(1, 1, 512)
    refused, ran = record_all(oracle, [Job(WRONG, (ZEROS,), (1,)), Job(fine, (ramp,), (1,))])
    assert refused.refusal and not refused.tensors
    assert ran.refusal is None and ran.tensors[1].shape == (1, 1, 512)
    with pytest.raises(OracleError, match=f"the oracle {oracle.value} refuses the model") as caught:
        record(oracle, Job(WRONG, (ZEROS,), (1,)))
    assert "\n" not in str(caught.value)


def test_an_oracle_that_is_not_installed_names_the_extra(monkeypatch, tmp_path):
    bare = tmp_path / "worker.py"
    bare.write_text(f"raise SystemExit({oracles.MISSING_PACKAGE})")
    monkeypatch.setattr(oracles, "_WORKER", bare)
    with pytest.raises(OracleError, match=r"pip install 'sixmeg\[oracle\]'"):
        record(Oracle.TFLM, Job(ABORTING, (ZEROS,), (1,)))


def test_the_version_is_told():
    (ran,) = record_all(Oracle.TFLM, [Job(WRONG, (ZEROS,), (1,))])
    assert ran.version.startswith("tflite-micro 0.dev")
