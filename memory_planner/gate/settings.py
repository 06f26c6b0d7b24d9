"""The gate's settings as a project keeps them: sixmeg.toml, or a table of pyproject.toml."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from graph.errors import SixmegError

FILES = ("sixmeg.toml", "pyproject.toml")


class SettingsError(SixmegError):
    """A settings file with an unknown key or a value of the wrong type."""


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """Each as the option of its name; what is not given stays as the command line has it.

    Paths and patterns of models, and the baseline, are relative to the file that says them.
    """

    models: tuple[str, ...] = ()
    chip: str | None = None
    budget: str | None = None
    runtime: Literal["tflm", "c", "any"] | None = None
    planned: bool | None = None
    abi: Literal["host", "cortex-m"] | None = None
    reserve: tuple[str, ...] = ()
    baseline: str | None = None
    max_growth: str | None = None
    min_fps: Annotated[float, msgspec.Meta(gt=0, le=1e9)] | None = None
    why: bool | None = None
    format: Literal["text", "json", "github", "junit", "sarif", "markdown"] | None = None


def found_in(folder: Path) -> tuple[Settings, Path | None]:
    """Of `FILES`, the first in `folder` that has settings for the gate; defaults where none has.

    Raises: SettingsError, as `read`.
    """
    for name in FILES:
        path = folder / name
        if path.is_file() and (settings := _read(path)) is not None:
            return settings, path
    return Settings(), None


def read(path: str) -> tuple[Settings, Path]:
    """The settings of one file, which must have some.

    Raises: SettingsError naming the file and the key.
    """
    if not Path(path).is_file():
        raise SettingsError(f"{path}: no such file; write [gate] in sixmeg.toml (docs/gate.md)")
    settings = _read(Path(path))
    if settings is None:
        raise SettingsError(f"{path}: neither [gate] nor [tool.sixmeg.gate] in it (docs/gate.md)")
    return settings, Path(path)


def _read(path: Path) -> Settings | None:
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: {error}") from error
    tables: list[Any] = [_table(content, "tool", "sixmeg", "gate")]
    if path.name != "pyproject.toml":
        tables.insert(0, _table(content, "gate"))
    table = next((t for t in tables if t is not None), None)
    if table is None:
        return None
    try:
        settings = msgspec.convert(table, Settings)
    except msgspec.ValidationError as error:
        raise SettingsError(f"{path}: gate: {error}; see docs/gate.md") from error
    return _beside(settings, path.parent)


def _table(content: Any, *keys: str) -> Any:
    for key in keys:
        if not isinstance(content, dict) or key not in content:
            return None
        content = content[key]
    return content


def _beside(settings: Settings, folder: Path) -> Settings:
    """With paths as seen from where the command runs."""
    models = []
    for pattern in settings.models:
        paths = sorted(str(p) for p in folder.glob(pattern)) if not Path(pattern).is_absolute() else [pattern]
        if not paths:
            raise SettingsError(f"{folder / pattern}: no such model; models of the gate's settings")
        models += paths
    baseline = str(folder / settings.baseline) if settings.baseline else None
    chip = settings.chip
    if chip is not None and chip.endswith(".toml"):
        chip = str(folder / chip)
    return msgspec.structs.replace(settings, models=tuple(models), baseline=baseline, chip=chip)
