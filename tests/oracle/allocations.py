"""What TensorFlow Lite Micro's recording allocator tells of models, held against our rules."""

from __future__ import annotations

import base64
import json
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from memory_planner.tflm.arena import Arena, arena_of
from memory_planner.tflm.layout import HOST

WORKER = Path(__file__).with_name("allocation_worker.py")
AMPLE_BYTES = 2 << 20


@dataclass(frozen=True)
class Told:
    """Bytes of head, tail, and by the runtime's own categories of the tail."""

    head_bytes: int
    tail_bytes: int
    requested: dict[str, int]


def allocations(asked: Sequence[tuple[bytes, int]]) -> list[Told | None]:
    """The runtime's answer for each model and arena size; None where it refuses."""
    request = json.dumps([(base64.b64encode(blob).decode(), size) for blob, size in asked])
    command = [sys.executable, "-P", str(WORKER)]
    done = subprocess.run(command, input=request, capture_output=True, text=True, check=True)
    return [None if text is None else _told(text) for text in json.loads(done.stdout)]


def _told(text: str) -> Told:
    sizes = dict(re.findall(r"Arena allocation (head|tail) (\d+) bytes", text))
    requested = dict(re.findall(r"'([^']+)' used .*?requested (\d+) bytes", text))
    return Told(int(sizes["head"]), int(sizes["tail"]), {k: int(v) for k, v in requested.items()})


def ours(blob: bytes) -> Arena:
    return arena_of(blob, HOST)


def hold(needed: Sequence[tuple[bytes, Arena]]) -> int:
    """Hold head, tail, parts and the smallest arena to the runtime's; gives how many models it allocates."""
    asked = [(blob, AMPLE_BYTES + 8 * mine.arena_bytes) for blob, mine in needed]
    for blob, mine in needed:
        sizes = (mine.arena_bytes, mine.arena_bytes - 1, mine.accepted_bytes - 1)
        asked += [(blob, size) for size in sizes]
    answers = allocations(asked)
    held = 0
    for number, (_, mine) in enumerate(needed):
        told = answers[number]
        enough, less, least = answers[len(needed) + 3 * number :][:3]
        if told is None:
            continue
        held += 1
        assert (told.head_bytes, told.tail_bytes) == (mine.head_bytes, mine.tail_bytes)
        assert told.requested == categories(mine)
        assert enough is not None
        assert least is None
        assert less is None or mine.accepted_bytes < mine.arena_bytes
    return held


def categories(mine: Arena) -> dict[str, int]:
    """Our parts by the runtime's names; it counts pointers to inputs and outputs among kernels' data."""
    parts = mine.parts
    found = {
        "TfLiteEvalTensor data": parts["tensor_structs"],
        "NodeAndRegistration struct": parts["node_and_registrations"],
        "Persistent TfLiteTensor data": parts["input_output_tensors"],
        "Persistent TfLiteTensor quantization data": parts["quantization_params"],
        "Persistent buffer data": parts["kernel_data"] + parts["input_output_pointers"],
        "TfLiteTensor variable buffer data": parts["variables"],
    }
    return {name: size for name, size in found.items() if size}
