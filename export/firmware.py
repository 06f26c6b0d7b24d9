"""The firmware folder: every file of it as bytes, from a model, its plan and its golden vectors."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from export import c_text, golden, manifest, names, provenance, resolver
from export.golden import Golden
from export.pixels import PixelRule
from export.rendering import render
from export.signing import Signer
from export.tflm_arena import TflmArena, Unmeasured
from export.tflm_form import TflmForm, Unplanned
from files import json_text
from graph.types import Graph, Tensor
from memory_planner.chip import Chip
from memory_planner.fit import Fit, fit
from memory_planner.types import Plan

# TensorFlow Lite Micro asks for 16 on the model's bytes; flatbuffers themselves need no more.
DATA_ALIGNMENT_BYTES = 16
NUMERICS = "tflm"
NOT_ASKED_FOR = Unplanned("not asked for")


@dataclass(frozen=True, slots=True)
class Firmware:
    """What a firmware folder is made from; nothing in it depends on the machine or the time."""

    name: str
    blob: bytes
    graph: Graph
    plan: Plan
    chip: Chip
    vectors: Golden
    tflm: TflmArena | Unmeasured
    form: TflmForm | Unplanned = NOT_ASKED_FOR
    pixels: PixelRule | None = None
    oracles: Sequence[Mapping[str, Any]] = ()
    calibration: Mapping[str, Any] | None = None
    signer: Signer | None = None

    @property
    def fit(self) -> Fit:
        """What the model needs, against the chip's budget."""
        return fit(self.graph, self.plan, self.chip, len(self.blob))


def files(firmware: Firmware) -> dict[str, bytes]:
    """The folder's files by name; the manifest comes last and holds the hashes of all the others.

    Raises: ExportError for tensors or operators that firmware cannot have.
    """
    context = context_of(firmware)
    vectors = golden.as_json(
        firmware.vectors, firmware.graph, model_sha256=context["sha256"], numerics=NUMERICS
    )
    made = {"model.tflite": firmware.blob, "golden.json": json_text(vectors).encode()}
    wanted = ["golden.c", "golden.h", "infer.cc", "infer.h", "model_config.h", "model_data.c", "model_data.h"]
    if firmware.pixels is not None:
        wanted.append("model_config.c")
    if isinstance(firmware.form, TflmForm):
        wanted += ["buffer_plan.c", "buffer_plan.h"] if firmware.form.buffer_plan else []
        made["planned.tflite"] = firmware.form.planned
    operators = resolver.resolver_methods(firmware.graph)
    for name in wanted:
        made[name] = render(name, operators=operators, **_data(firmware), **context).encode()
    made = dict(sorted(made.items()))
    described = manifest.describe(firmware, made, target="tflm", numerics=NUMERICS)
    form = firmware.form
    described["tflm_plan"] = form.record() if isinstance(form, TflmForm) else None
    described["tflm_plan_not_made_because"] = form.why if isinstance(form, Unplanned) else None
    return with_manifest(firmware, made, described)


def _data(firmware: Firmware) -> dict[str, Any]:
    """The model's bytes as the runtime gets them: with the plan in them where there is one."""
    form = firmware.form if isinstance(firmware.form, TflmForm) else None
    data = form.planned if form else firmware.blob
    return {
        "form": form,
        "data_file": "planned.tflite" if form else "model.tflite",
        "data_bytes": len(data),
        "data_alignment_bytes": DATA_ALIGNMENT_BYTES,
        "data_rows": c_text.hex_rows(data),
    }


def with_manifest(
    firmware: Firmware, files: Mapping[str, bytes], described: Mapping[str, Any]
) -> dict[str, bytes]:
    """The files, their manifest, and its signature where there is a key."""
    content = manifest.sealed(described)
    signed = {manifest.SIGNATURE: firmware.signer.sign(content)} if firmware.signer else {}
    return {**files, manifest.NAME: content, **signed}


def context_of(firmware: Firmware) -> dict[str, Any]:
    """What the templates of a folder say, whoever runs the model.

    Raises: ExportError for tensors that firmware cannot have.
    """
    graph, macro, identifier = firmware.graph, names.c_macro(firmware.name), names.c_identifier(firmware.name)
    given = golden.input_tensor(graph)
    table = firmware.pixels.table(given) if firmware.pixels else None
    product = provenance.product()
    return {
        "product": f"{product['name']} {product['version']}",
        "name": in_comment(firmware.name),
        "id": identifier,
        "macro": macro,
        "sha256": hashlib.sha256(firmware.blob).hexdigest(),
        "file_bytes": len(firmware.blob),
        "chip": in_comment(firmware.chip.name),
        "plan": firmware.plan,
        "algorithm": firmware.plan.algorithm,
        "tflm": firmware.tflm if isinstance(firmware.tflm, TflmArena) else None,
        "tflm_why": in_comment(firmware.tflm.why) if isinstance(firmware.tflm, Unmeasured) else None,
        "tensors": [
            _tensor(given, "Input", macro, identifier, "input"),
            *(
                _tensor(graph.tensors[i], "Output", macro, identifier, word)
                for i, word in zip(graph.outputs, _output_words(graph), strict=True)
            ),
        ],
        "config": "model_config.h",
        "pixel_rows": c_text.decimal_rows(table) if table is not None else None,
        "pixel_scale": firmware.pixels.scale if firmware.pixels else None,
        "pixel_offset": firmware.pixels.offset if firmware.pixels else None,
        "numerics": NUMERICS,
        "golden": firmware.vectors,
        "golden_arrays": _golden_arrays(firmware, macro, identifier),
    }


def _output_words(graph: Graph) -> list[str]:
    """`output` for the only one, `output_0`, `output_1` for several."""
    if len(graph.outputs) == 1:
        return ["output"]
    return [f"output_{n}" for n in range(len(graph.outputs))]


def _golden_arrays(firmware: Firmware, macro: str, identifier: str) -> list[dict[str, Any]]:
    arrays = [("input", firmware.vectors.inputs.reshape(len(firmware.vectors.sources), -1))]
    arrays += zip(_output_words(firmware.graph), firmware.vectors.outputs, strict=True)
    return [
        {
            "id": f"{identifier}_golden_{word}",
            "c_type": c_text.c_type(values.dtype.name),
            "elements": f"{macro}_{word.upper()}_ELEMENTS",
            "vectors": [c_text.decimal_rows(row, indent=" " * 8) for row in values],
        }
        for word, values in arrays
    ]


_SIDES = {4: ("BATCH", "HEIGHT", "WIDTH", "CHANNELS"), 2: ("BATCH", "CHANNELS")}


def _tensor(tensor: Tensor, role: str, macro: str, identifier: str, word: str) -> dict[str, Any]:
    quant = tensor.quant
    return {
        "role": role,
        "index": tensor.index,
        "word": word,
        "comment_name": in_comment(tensor.name),
        "macro": f"{macro}_{word.upper()}",
        "id": f"{identifier}_{word}",
        "rank": len(tensor.shape),
        "shape": c_text.braces(tensor.shape),
        "sides": list(zip(_SIDES.get(len(tensor.shape), ()), tensor.shape, strict=False)),
        "elements": tensor.elements,
        "size_bytes": tensor.size_bytes,
        "c_type": c_text.c_type(tensor.dtype.value),
        "scale": c_text.float_literal(quant.scale) if quant else None,
        "zero_point": c_text.int_literal(quant.zero_point) if quant else None,
    }


def in_comment(text: str) -> str:
    """Text that cannot end a C comment or a line of it."""
    plain = "".join(c if c.isascii() and c.isprintable() else "?" for c in text)
    return plain.replace("*/", "* /").replace("/*", "/ *").replace("\\", "/")
