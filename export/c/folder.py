"""The folder of `--target c`: every file of it as bytes."""

from __future__ import annotations

from typing import Any

from export import golden, manifest
from export.c import boards
from export.c.network import Network, network, sources
from export.firmware import NUMERICS, Firmware, context_of, with_manifest
from export.rendering import render
from files import json_text
from memory_planner.types import Role


def files(firmware: Firmware) -> dict[str, bytes]:
    """The folder's files by name; the manifest comes last and holds the hashes of all the others.

    Raises: ExportError, UnsupportedOperatorError for what the emitted C does not have.
    """
    made, context = network(firmware.graph, firmware.plan), context_of(firmware)
    context |= {"config": f"{context['id']}.h", "tensors": _placed(made, context["tensors"])}
    texts = sources(made, context)
    for name, (template, values) in boards.templates(firmware.fit.budget_bytes).items():
        texts[name] = render(f"c/board/{template}", **context, **values)
    for name in ("golden.c", "golden.h", *(["model_config.c"] if firmware.pixels else [])):
        texts[name] = render(name, **context)
    vectors = golden.as_json(
        firmware.vectors, firmware.graph, model_sha256=context["sha256"], numerics=NUMERICS
    )
    content = {name: text.encode() for name, text in texts.items()}
    content |= {"model.tflite": firmware.blob, "golden.json": json_text(vectors).encode()}
    content = dict(sorted(content.items()))
    described = manifest.describe(firmware, content, target="c", numerics=NUMERICS)
    described["c"] = {
        "identifier": context["id"],
        "constant_bytes": made.constant_bytes,
        "arena_bytes": firmware.plan.arena_bytes,
    }
    return with_manifest(firmware, content, described)


def _placed(made: Network, tensors: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The border's tensors with their offsets; None for one that comes by rows."""
    plan = made.plan
    at = {b.tensor: o for b, o in zip(plan.buffers, plan.places, strict=True) if b.role is Role.WHOLE}
    return [{**tensor, "offset": at.get(tensor["index"])} for tensor in tensors]
