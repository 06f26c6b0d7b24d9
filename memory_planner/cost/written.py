"""A fit as a chip, and a chip as TOML."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
import numpy as np

from memory_planner.chip import Chip, Contents, Fitted, Lanes, MacsPerCycle, Memory, Overhead, Rate
from memory_planner.cost.fitting import Fit, spread_across

WHOLE_NETWORKS = "a whole network's time"


def fitted_chip(
    fit: Fit, name: str, summary: str, source: str, shared: tuple[str, ...], *, estimates: bool = False
) -> Chip:
    """The base with the fit's figures in place of its own.

    Memories keep their ratios: what was fitted is how much slower or faster than stated they all are. A part
    that the fit does without, elements too, is contained in the rates of computing.
    """
    value = {
        part: v for names, v in zip(fit.parameters, fit.values, strict=True) for part in names.split("+")
    }
    base = fit.base
    figures = {part: Rate(_short(1 / v), "fitted", source) for part, v in value.items() if part in _COMPUTE}
    rates = {part: figures.get(part, getattr(base.macs_per_cycle, part)) for part in _COMPUTE}
    contained: tuple[Contents, ...] = tuple(c for c in _CONTENTS if c not in value)
    lanes = base.lanes
    if "fill" in value:
        rows = Overhead(_short(value["fill"] / value["conv"]), "fitted", source)
        lanes = msgspec.structs.replace(lanes, fill_rows=rows)
    return msgspec.structs.replace(
        base,
        name=name,
        summary=summary,
        macs_per_cycle=MacsPerCycle(**rates),
        layer_overhead_cycles=_overhead(value.get("layer"), source, base.layer_overhead_cycles),
        frame_overhead_cycles=Overhead(_short(value["frame"]), "fitted", source)
        if "frame" in value
        else None,
        memory=tuple(_memory(m, value, source) for m in base.memory),
        elements_per_cycle=None,
        lanes=lanes,
        contained=contained,
        fitted=msgspec.structs.replace(record(fit, source, shared), of="estimates" if estimates else "times"),
    )


_COMPUTE = ("conv", "depthwise", "pointwise")
_CONTENTS: tuple[Contents, ...] = ("weights", "activations")


def _short(value: float) -> float:
    """To four digits: no fit knows more."""
    return float(f"{value:.4g}")


def _overhead(value: float | None, source: str, base: Overhead) -> Overhead:
    if value is not None:
        return Overhead(_short(value), "fitted", source)
    return Overhead(0.0, "fitted", f"contained in the fitted rates: {source}")


def _memory(memory: Memory, value: Mapping[str, float], source: str) -> Memory:
    """The memory at its fitted rates; activations at their own from then on."""
    weights, activations = memory.bytes_per_cycle, memory.activation_rate
    if "weights" in value and memory.runs_weights:
        weights = Rate(_short(weights.value / value["weights"]), "fitted", source)
    if "activations" in value and memory.holds_activations:
        activations = Rate(_short(activations.value / value["activations"]), "fitted", source)
    is_told = activations != weights and memory.holds_activations
    return msgspec.structs.replace(
        memory, bytes_per_cycle=weights, activation_bytes_per_cycle=activations if is_told else None
    )


def record(fit: Fit, source: str, shared: tuple[str, ...]) -> Fitted:
    """What the chip remembers of the fit."""
    alphas = [s.alpha for s in fit.samples if s.alpha is not None]
    sizes = [s.res_px for s in fit.samples if s.res_px is not None]
    inverse = np.linalg.pinv(fit.shares.T @ fit.shares)
    return Fitted(
        source=source,
        rows=len(fit.samples),
        parameters=fit.parameters,
        mean_error=round(fit.mean_error, 5),
        worst_error=round(fit.worst_error, 5),
        spread=round(fit.spread, 5),
        degrees=fit.degrees,
        leverage=tuple(tuple(round(float(x), 4) for x in row) for row in inverse),
        families=tuple(sorted({s.family for s in fit.samples})),
        alphas=(min(alphas), max(alphas)) if alphas else None,
        res_px=(min(sizes), max(sizes)) if sizes else None,
        family_spread=_rounded(spread_across(fit, lambda s: s.family)),
        alpha_spread=_rounded(spread_across(fit, lambda s: s.alpha)),
        res_spread=_rounded(spread_across(fit, lambda s: s.res_px)),
        shared=shared,
    )


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 5)


def toml(chip: Chip) -> str:
    """`chip` as the TOML that `load` reads back to the same value."""
    content = {k: v for k, v in json.loads(msgspec.json.encode(chip)).items() if v not in (None, [], {})}
    if chip.lanes == Lanes():
        content.pop("lanes", None)
    plain = {
        k: v for k, v in content.items() if not isinstance(v, dict | list) or k in ("contained", "boards")
    }
    told = [f"{k} = {_value(v)}" for k, v in plain.items()]
    for key, value in content.items():
        if key not in plain:
            told += _tables(key, value)
    return "\n".join(told) + "\n"


def _tables(key: str, value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for each in value:
            yield from ("", f"[[{key}]]", *_lines(each))
    elif key == "macs_per_cycle":
        for name, each in value.items():
            yield from ("", f"[{key}.{name}]", *_lines(each))
    else:
        yield from ("", f"[{key}]", *_lines(value))


def _lines(table: Mapping[str, Any]) -> Iterator[str]:
    yield from (
        f"{k} = {_value(v)}" for k, v in table.items() if v is not None and v is not False and v != []
    )


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{k} = {_value(v)}" for k, v in value.items() if v is not None) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(_value(v) for v in value) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return f"{int(value):_}"
    if isinstance(value, int):
        return f"{value:_}"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)
