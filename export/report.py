"""report.json: the verdict, and everything that it rests on, from the files of the stages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import PurePath
from typing import Any

from export import provenance
from export.errors import ExportError
from export.stages import Stages

SCHEMA_VERSION = 1

# What makes each part, for the page to say where one is missing. `boards` is for who has cross compilers.
COMMANDS = {
    "memory": ("plan.json", "sixmeg plan MODEL.tflite --chip CHIP -o plan.json"),
    "speed": ("fps.json", "sixmeg fps MODEL.tflite --chip CHIP -o fps.json"),
    "accuracy": ("accuracy.json", "sixmeg evaluate MODEL.tflite --data DATA -o accuracy.json"),
    "bits": ("compare_tflm.json", "sixmeg compare MODEL.tflite --oracle tflm -o compare_tflm.json"),
    "training": ("train.json", "sixmeg train --alpha ALPHA --res RES -o DIR"),
    "onnx": ("onnx.json", "sixmeg onnx FLOAT --data DATA -o float.onnx"),
    "quantization": ("quantize.json", "sixmeg quantize FLOAT --data DATA -o model.tflite"),
}

_FIT = (
    *("fits", "budget_bytes", "required_bytes", "required_basis", "weights_bytes", "constants_bytes"),
    *("quantization_bytes", "state_bytes", "arena_bytes", "lower_bound_bytes", "file_bytes", "margin_bytes"),
    *("margin_to_6000000_bytes", "worst_step", "algorithm"),
)
_STEP = ("step", "ops", "kind", "operators", "live_bytes")
_BUFFER = ("tensor", "name", "shape", "dtype", "size_bytes", "offset", "memory", "role", "start", "end")
_MEMORY = (
    *("name", "capacity_bytes", "reserved_bytes", "weights_bytes", "activations_bytes", "arena_bytes"),
    *("used_bytes", "margin_bytes", "traffic_bytes"),
)
_SPEED = (
    *("fps", "fps_low", "fps_high", "confidence", "extrapolated", "why"),
    *("cycles", "frame_cycles", "macs", "bytes", "clock_hz"),
)
_LAYER = (
    *("op", "name", "kind", "class", "ofm_shape", "macs", "weight_bytes", "bytes"),
    *("compute_cycles", "memory_cycles", "overhead_cycles", "cycles", "share"),
)
_CELL = (
    *("alpha", "res_px", "fps", "fps_low", "fps_high", "extrapolated", "cycles", "bytes"),
    *("weight_bytes_read", "arena_bytes", "required_bytes", "fits"),
)
_ASSUMPTION = ("name", "value", "unit", "basis", "source")
_BOARDS = ("input", "pass", "machines")
_BOARD = (
    *("machine", "cflags", "pass", "why", "links", "instructions", "digests", "memory"),
    *("text_bytes", "constant_bytes", "arena_bytes"),
)
_COMPARISON = ("oracle", "oracle_version", "numerics", "samples", "seed")
_COUNTS = ("bytes_compared", "bytes_different", "max_abs_difference")
_ACCURACY = ("data", "samples", "int8_top1", "float_top1", "agreement", "numerics")
_TRAINING = (
    *(
        "alpha",
        "res_px",
        "activation",
        "classes",
        "macs",
        "parameters",
        "data",
        "init",
        "seed",
        "minutes_budget",
    ),
    *("stages", "float_top1", "float_loss", "test_samples", "recipe", "versions"),
)
_ONNX = ("float_sha256", "onnx_sha256", "opset", "samples", "max_abs_difference", "agreement", "versions")
_QUANTIZATION = (
    *("float_sha256", "model_sha256", "calibration_sha256", "calibration_samples"),
    *("input", "output", "operators", "versions"),
)


def report(stages: Stages, *, name: str | None = None, chip: str | None = None) -> dict[str, Any]:
    """The report of one model on one chip; parts whose stage file is absent are None and stand in `missing`.

    Units: in the key names; top1, agreement and share are fractions of 1.
    Raises: ExportError naming the file that lacks a key, or that is about another model or chip.
    """
    _check_same_model(stages)
    parts = {
        "memory": _memory(stages.plan),
        "speed": _speed(stages.fps),
        "accuracy": _accuracy(stages.accuracy),
        "bits": [_comparison(c) for c in stages.comparisons] or None,
        "training": _known(stages.train, _TRAINING),
        "onnx": _optional(stages.onnx, _ONNX, "onnx.json"),
        "quantization": _known(stages.quantize, _QUANTIZATION),
        "boards": _boards(stages.boards),
    }
    return {
        "schema_version": SCHEMA_VERSION,
        "product": provenance.product(),
        "model": _model(stages, name),
        "chip": chip or next((s["chip"] for s in (stages.plan, stages.fps) if s and "chip" in s), None),
        "verdict": _verdict(parts),
        "float_operators": stages.plan.get("float_operators") if stages.plan else None,
        **parts,
        "missing": [
            {"part": part, "file": file, "command": command}
            for part, (file, command) in COMMANDS.items()
            if parts[part] is None
        ],
        "sources": dict(stages.sources),
    }


def _model(stages: Stages, name: str | None) -> dict[str, Any]:
    named = [s["model"] for s in (stages.train, stages.plan, stages.fps) if s and s.get("model")]
    hashes = [s["model_sha256"] for s in (stages.quantize, stages.accuracy) if s and s.get("model_sha256")]
    return {
        "name": name or (PurePath(named[0]).name.removesuffix(".tflite") if named else "model"),
        "sha256": hashes[0] if hashes else None,
        "file_bytes": _take(stages.plan["fit"], ("file_bytes",), "plan.json")["file_bytes"]
        if stages.plan
        else None,
    }


def _check_same_model(stages: Stages) -> None:
    told = {
        "quantize.json": stages.quantize,
        "accuracy.json": stages.accuracy,
        "firmware_test.json": stages.boards,
        **{f"compare_{c.get('oracle')}.json": c for c in stages.comparisons},
    }
    floats = {"onnx.json": stages.onnx, "quantize.json": stages.quantize}
    for key, files in (("model_sha256", told), ("float_sha256", floats)):
        hashes = {file: s[key] for file, s in files.items() if s and s.get(key)}
        if len(set(hashes.values())) > 1:
            named = " and ".join(sorted(hashes))
            raise ExportError(f"{named} are about different models; run the older stage again")
    of_chips = {"plan.json": stages.plan, "fps.json": stages.fps, "firmware_test.json": stages.boards}
    chips = {file: s["chip"] for file, s in of_chips.items() if s and "chip" in s}
    if len(set(chips.values())) > 1:
        named, found = " and ".join(chips), ", ".join(sorted(set(chips.values())))
        raise ExportError(f"{named} are of different chips ({found})")


def _verdict(parts: Mapping[str, Any]) -> dict[str, Any]:
    memory, speed, accuracy = parts["memory"] or {}, parts["speed"] or {}, parts["accuracy"] or {}
    keys = ("fits", "required_bytes", "budget_bytes", "margin_bytes", "margin_to_6000000_bytes")
    return {
        **{key: memory.get(key) for key in keys},
        **{key: speed.get(key) for key in ("fps", "fps_low", "fps_high")},
        "float_top1": accuracy.get("float_top1"),
        "int8_top1": accuracy.get("int8_top1"),
        "agreement": accuracy.get("agreement"),
        "oracles": [
            {key: c[key] for key in ("oracle", "oracle_version", "bytes_compared", "bytes_different")}
            for c in parts["bits"] or ()
        ],
    }


def _memory(plan: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if plan is None:
        return None
    keys = ("fit", "gap_bytes", "alignment_bytes", "order", "steps", "buffers", "memories")
    top = _take(plan, keys, "plan.json")
    return {
        **_take(top["fit"], _FIT, "plan.json"),
        "gap_bytes": top["gap_bytes"],
        "alignment_bytes": top["alignment_bytes"],
        "order": top["order"],
        "steps": [_take(step, _STEP, "plan.json") for step in top["steps"]],
        "buffers": [_take(buffer, _BUFFER, "plan.json") for buffer in top["buffers"]],
        "memories": [_take(each, _MEMORY, "plan.json") for each in top["memories"]],
    }


def _speed(fps: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if fps is None:
        return None
    top = _take(fps, (*_SPEED, "layers", "assumptions"), "fps.json")
    return {
        **{key: top[key] for key in _SPEED},
        "cells": [_take(cell, _CELL, "fps.json") for cell in fps["cells"]] if fps.get("cells") else None,
        "layers": [_take(layer, _LAYER, "fps.json") for layer in top["layers"]],
        "assumptions": [_take(a, _ASSUMPTION, "fps.json") for a in top["assumptions"]],
    }


def _accuracy(stage: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """`data` keeps the last part of a path: where the pictures lay on one machine says nothing on another."""
    if stage is None:
        return None
    taken = _take(stage, _ACCURACY, "accuracy.json")
    return {**taken, "data": PurePath(taken["data"]).name}


def _comparison(compared: Mapping[str, Any]) -> dict[str, Any]:
    file = f"compare_{compared.get('oracle', '?')}.json"
    return {
        **_take(compared, (*_COMPARISON, *_COUNTS), file),
        "tensors_compared": len(_take(compared, ("tensors",), file)["tensors"]),
        "tensors_different": sum(1 for t in compared["tensors"] if t.get("bytes_different")),
        "first_difference": compared.get("first_difference"),
        "not_compared": list(compared.get("not_compared") or ()),
    }


def _boards(stage: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if stage is None:
        return None
    top = _take(stage, _BOARDS, "firmware_test.json")
    return {**top, "machines": [_take(board, _BOARD, "firmware_test.json") for board in top["machines"]]}


def _optional(stage: Mapping[str, Any] | None, keys: Iterable[str], file: str) -> dict[str, Any] | None:
    return None if stage is None else _take(stage, keys, file)


def _known(stage: Mapping[str, Any] | None, keys: Iterable[str]) -> dict[str, Any] | None:
    """Keys that a record of a run may lack come as None."""
    return None if stage is None else {key: stage.get(key) for key in keys}


def _take(stage: Mapping[str, Any], keys: Iterable[str], file: str) -> dict[str, Any]:
    try:
        return {key: stage[key] for key in keys}
    except KeyError as error:
        raise ExportError(f"{file} has no {error.args[0]!r}; run the stage that makes it again") from error
