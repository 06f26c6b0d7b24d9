"""The folder of `--target onnx`: the model as ONNX, golden vectors, and how onnxruntime differs on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from export import golden, manifest, provenance
from export.errors import ExportError
from export.firmware import NUMERICS, Firmware, with_manifest
from export.onnx import forms
from export.onnx.forms import Difference, Form
from export.onnx.network import IR_VERSION, OPSET
from files import json_text

RUNTIME = "onnxruntime"
FILE = "model.onnx"


class NotExactError(ExportError):
    """An integer form whose bits differ from the simulator's."""

    exit_code = 4


def files(firmware: Firmware, form: str) -> tuple[dict[str, bytes], list[str]]:
    """The folder's files by name, the manifest last; and what was measured, in words.

    Raises: UnsupportedOperatorError for an operator that the form lacks; NotExactError where the integer form
    gives other bits on the golden vectors.
    """
    sha256, chosen = manifest.digest(firmware.blob), Form(form)
    blob = forms.to_onnx(firmware.graph, chosen, sha256)
    vectors = firmware.vectors
    found = forms.differences(firmware.graph, blob, vectors.inputs, vectors.outputs)
    said = lines(chosen, found, len(vectors.sources))
    if chosen is Form.INTEGER and any(one.bytes_different for one in found):
        raise NotExactError(f"{said[0]}; the integer form has to have none: report the model")
    told = golden.as_json(vectors, firmware.graph, model_sha256=sha256, numerics=NUMERICS)
    made = {
        "golden.json": json_text(told).encode(),
        FILE: blob,
        "model.tflite": firmware.blob,
    }
    described = manifest.describe(firmware, made, target="onnx", numerics=NUMERICS)
    described["onnx"] = _record(chosen, found)
    return with_manifest(firmware, made, described), said


def _record(form: Form, found: Sequence[Difference]) -> dict[str, Any]:
    return {
        "file": FILE,
        "form": form.value,
        "same_bits": form is Form.INTEGER,
        "opset": OPSET,
        "ir_version": IR_VERSION,
        "measured_by": f"{RUNTIME} {provenance.version_of(RUNTIME)}, CPU",
        "outputs": [asdict(one) for one in found],
    }


def lines(form: Form, found: Sequence[Difference], vectors: int) -> list[str]:
    """How much of each output differs from the simulator's."""
    by = f"{RUNTIME} {provenance.version_of(RUNTIME)}"
    return [
        f"{form.value} by {by}, output {one.output}: {one.bytes_different:,} of {one.bytes_compared:,} bytes"
        f" ({100 * one.share_different:.2f} %) differ from the simulator in {vectors} vectors, by"
        f" {one.max_abs_difference:g} at most; same largest element in {100 * one.argmax_agreement:.1f} %"
        for one in found
    ]
