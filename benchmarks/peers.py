"""What others take for the same file, measured by running them, once for a file and a version."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path

from benchmarks import vela
from export.tflm_arena import WHEEL, Unmeasured, measure
from files import write_json
from pictures.cache import cache_dir


@dataclass(frozen=True, slots=True)
class Figure:
    """Bytes, or `why` there are none; `note` is what else must be known."""

    size_bytes: int | None
    why: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Peers:
    """TensorFlow Lite Micro's recorded head, and the SRAM that Vela plans for an Ethos-U."""

    tflm_head: Figure
    vela_sram: Figure


def peers(model: Path) -> Peers:
    """Measured once for a file and the pinned versions; what failed for want of a tool is tried again."""
    blob = model.read_bytes()
    key = hashlib.sha256(blob + f"{_wheel()} {vela.VERSION} {vela.OPTIONS}".encode()).hexdigest()
    kept = cache_dir() / "peers" / f"{key[:24]}.json"
    if kept.is_file():
        told = json.loads(kept.read_text())
        return Peers(Figure(**told["tflm_head"]), Figure(**told["vela_sram"]))
    head = _tflm(blob)
    try:
        found = vela.compiled(model)
    except vela.VelaError as error:
        answer = Peers(head, Figure(None, str(error)))
        if not error.lasting:
            return answer
    else:
        note = f"{found.cpu_operators} operators left to the processor" if found.cpu_operators else ""
        answer = Peers(head, Figure(found.sram_bytes, note=note))
    if _wheel():
        write_json(kept, asdict(answer))
    return answer


def _wheel() -> str:
    try:
        return metadata.version(WHEEL)
    except metadata.PackageNotFoundError:
        return ""


def _tflm(blob: bytes) -> Figure:
    told = measure(blob)
    return Figure(None, told.why) if isinstance(told, Unmeasured) else Figure(told.head_bytes)
