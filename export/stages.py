"""What the stages of the main road wrote, found and read; each file may be absent."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from export.errors import ExportError

# Stage files by the part that they carry, in the chip's folder and above it.
OF_THE_CHIP = {"plan": "plan.json", "fps": "fps.json", "boards": "firmware_test.json"}
OF_THE_MODEL = {
    "train": "train.json",
    "onnx": "onnx.json",
    "quantize": "quantize.json",
    "accuracy": "accuracy.json",
}
COMPARISONS = "compare_*.json"


@dataclass(frozen=True, slots=True)
class Stages:
    """Each stage's content, None where there is none; `sources` holds the files' sha256 by name."""

    plan: Mapping[str, Any] | None = None
    fps: Mapping[str, Any] | None = None
    train: Mapping[str, Any] | None = None
    onnx: Mapping[str, Any] | None = None
    quantize: Mapping[str, Any] | None = None
    accuracy: Mapping[str, Any] | None = None
    boards: Mapping[str, Any] | None = None
    comparisons: tuple[Mapping[str, Any], ...] = ()
    sources: Mapping[str, str] = field(default_factory=dict)


def paths_in(folder: str | Path) -> tuple[dict[str, Path], tuple[Path, ...]]:
    """The stage files of `build/<model>/<data>/<chip>`, by part, and the comparisons, sorted.

    Raises: ExportError where `folder` is none, or there is no stage file in it or above it.
    """
    chip_folder = Path(folder).absolute()
    if not chip_folder.is_dir():
        raise ExportError(f"{folder}: no such folder; give build/<model>/<data>/<chip>")
    places = {part: chip_folder / name for part, name in OF_THE_CHIP.items()}
    places |= {part: chip_folder.parent / name for part, name in OF_THE_MODEL.items()}
    found = {part: path for part, path in places.items() if path.is_file()}
    if not found:
        raise ExportError(
            f"{folder}: neither plan.json nor fps.json in it; run sixmeg plan MODEL -o plan.json first"
        )
    return found, tuple(sorted(chip_folder.parent.glob(COMPARISONS)))


def read(paths: Mapping[str, str | Path], comparisons: tuple[str | Path, ...] = ()) -> Stages:
    """The stages at `paths` (by part).

    Raises: ExportError naming the file that is missing or holds no JSON object.
    """
    sources: dict[str, str] = {}
    parts = {part: _object(Path(path), sources) for part, path in sorted(paths.items())}
    compared = tuple(_object(Path(path), sources) for path in comparisons)
    return Stages(**parts, comparisons=compared, sources=dict(sorted(sources.items())))


def _object(path: Path, sources: dict[str, str]) -> dict[str, Any]:
    try:
        content = path.read_bytes()
        value = json.loads(content)
    except OSError as error:
        raise ExportError(f"{path}: {error.strerror or error}; run the stage that makes it") from error
    except ValueError as error:
        raise ExportError(f"{path}: not JSON; run the stage that makes it again") from error
    if not isinstance(value, dict):
        raise ExportError(f"{path}: holds no JSON object; run the stage that makes it again")
    sources[path.name] = hashlib.sha256(content).hexdigest()
    return value
