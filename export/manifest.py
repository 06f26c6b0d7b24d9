"""manifest.json: what ties the files of a firmware folder to one another and to what made them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from export import provenance
from export.tflm_arena import TflmArena, Unmeasured
from graph.types import Graph
from memory_planner.types import Plan

if TYPE_CHECKING:
    from export.firmware import Firmware

NAME = "manifest.json"


def describe(firmware: Firmware, files: Mapping[str, bytes], *, numerics: str) -> dict[str, Any]:
    """The manifest of `files`; equal inputs give equal manifests."""
    tflm, needed = firmware.tflm, firmware.fit
    return {
        "schema_version": 1,
        "name": firmware.name,
        "product": provenance.product(),
        "libraries": provenance.libraries(),
        "model": {
            "file": "model.tflite",
            "sha256": hashlib.sha256(firmware.blob).hexdigest(),
            "size_bytes": len(firmware.blob),
        },
        "chip": {
            "name": firmware.chip.name,
            "budget_bytes": needed.budget_bytes,
            "required_bytes": needed.required_bytes,
            "required_basis": needed.required_basis,
            "fits": needed.fits,
        },
        "plan": _plan(firmware.graph, firmware.plan),
        "tflm": asdict(tflm) if isinstance(tflm, TflmArena) else None,
        "tflm_not_measured_because": tflm.why if isinstance(tflm, Unmeasured) else None,
        "numerics": numerics,
        "oracles": [dict(oracle) for oracle in firmware.oracles],
        "calibration": dict(firmware.calibration) if firmware.calibration else None,
        "pixels": _pixels(firmware),
        "golden": {"count": len(firmware.vectors.sources), "sources": list(firmware.vectors.sources)},
        "files": {
            name: {"sha256": hashlib.sha256(content).hexdigest(), "size_bytes": len(content)}
            for name, content in sorted(files.items())
        },
    }


def _pixels(firmware: Firmware) -> dict[str, str] | None:
    if firmware.pixels is None:
        return None
    return {
        "rule": "real = pixel * scale + offset",
        "scale": str(firmware.pixels.scale),
        "offset": str(firmware.pixels.offset),
        "channels": "RGB",
    }


def _plan(graph: Graph, plan: Plan) -> dict[str, Any]:
    return {
        "algorithm": plan.algorithm,
        "arena_bytes": plan.arena_bytes,
        "lower_bound_bytes": plan.lower_bound_bytes,
        "alignment_bytes": plan.alignment_bytes,
        "order": list(plan.schedule.op_order),
        "buffers": [
            {
                "tensor": buffer.tensor,
                "name": graph.tensors[buffer.tensor].name,
                "size_bytes": buffer.size_bytes,
                "offset": offset,
                "memory": memory,
                "start": buffer.lifetime.start,
                "end": buffer.lifetime.end,
            }
            for buffer, offset, memory in zip(plan.buffers, plan.offsets, plan.memories, strict=True)
        ],
    }
