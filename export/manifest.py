"""manifest.json: what ties the files of a firmware folder to one another and to what made them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from export import golden, provenance, signing
from export.plan_record import recorded
from export.tflm_arena import TflmArena, Unmeasured
from files import json_text

if TYPE_CHECKING:
    from export.firmware import Firmware

NAME = "manifest.json"
SIGNATURE = "manifest.json.sig"
SEAL = "sha256"
_BLANK = "0" * 64


def digest(content: bytes) -> str:
    """sha256, as the manifest writes it."""
    return hashlib.sha256(content).hexdigest()


def describe(firmware: Firmware, files: Mapping[str, bytes], *, target: str, numerics: str) -> dict[str, Any]:
    """The manifest of `files`; equal inputs give equal manifests."""
    tflm, needed, graph = firmware.tflm, firmware.fit, firmware.graph
    signer = firmware.signer
    return {
        "schema_version": 2,
        "name": firmware.name,
        "target": target,
        "product": provenance.product(),
        "libraries": provenance.libraries(),
        "model": {
            "file": "model.tflite",
            "sha256": digest(firmware.blob),
            "size_bytes": len(firmware.blob),
        },
        "tensors": {
            "input": golden.tensor_json(golden.input_tensor(graph)),
            "outputs": [golden.tensor_json(graph.tensors[i]) for i in graph.outputs],
        },
        "chip": {
            "name": firmware.chip.name,
            "budget_bytes": needed.budget_bytes,
            "required_bytes": needed.required_bytes,
            "required_basis": needed.required_basis,
            "fits": needed.fits,
        },
        "plan": recorded(graph, firmware.plan),
        "tflm": asdict(tflm) if isinstance(tflm, TflmArena) else None,
        "tflm_not_measured_because": tflm.why if isinstance(tflm, Unmeasured) else None,
        "numerics": numerics,
        "oracles": [dict(oracle) for oracle in firmware.oracles],
        "calibration": dict(firmware.calibration) if firmware.calibration else None,
        "pixels": firmware.pixels.record(golden.input_tensor(graph)) if firmware.pixels else None,
        "golden": {"count": len(firmware.vectors.sources), "sources": list(firmware.vectors.sources)},
        "signed_by": {"algorithm": signing.ALGORITHM, "public_key": signer.public_key} if signer else None,
        "files": {
            name: {"sha256": digest(content), "size_bytes": len(content)}
            for name, content in sorted(files.items())
        },
    }


def sealed(described: Mapping[str, Any]) -> bytes:
    """The manifest's file: `described`, then the sha256 of the file with its own digits as zeros."""
    blank = json_text({**described, SEAL: _BLANK})
    return json_text({**described, SEAL: hashlib.sha256(blank.encode()).hexdigest()}).encode()


def is_sealed(content: bytes, seal: object) -> bool:
    """Whether `content` is a manifest's file, to the byte, whose sha256 says `seal`.

    >>> content = sealed({"name": "net"})
    >>> is_sealed(content, content[-68:-4].decode()), is_sealed(content + b" ", content[-68:-4].decode())
    (True, False)
    """
    if not isinstance(seal, str) or len(seal) != len(_BLANK):
        return False
    head, found, tail = content.rpartition(seal.encode())
    return bool(found) and hashlib.sha256(head + _BLANK.encode() + tail).hexdigest() == seal
