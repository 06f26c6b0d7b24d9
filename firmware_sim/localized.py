"""A localization in words and as JSON; docs/localizing.md describes both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from firmware_sim.causes import Fit
from firmware_sim.compare import counts_as_json
from firmware_sim.localize import Finding, Localization
from graph.types import Op

SHOWN = 5
"""So many causes are named in the words; the JSON has all."""


def as_json(answer: Localization) -> dict[str, Any]:
    """Counts by tensor as `compare` gives them, and `localized`."""
    return {
        **counts_as_json(answer.tensors),
        "absent": [{"tensor": t.index, "name": t.name} for t in answer.absent],
        "not_compared": [{"tensor": t.index, "name": t.name, "why": why} for t, why in answer.unchecked],
        "blamed": [op.index for op in answer.blamed],
        "localized": None if answer.finding is None else _finding_as_json(answer.finding),
    }


def _finding_as_json(found: Finding) -> dict[str, Any]:
    index = found.first
    return {
        "op": None if found.op is None else found.op.index,
        "kind": found.kind,
        "tensor": found.tensor.index,
        "name": found.tensor.name,
        "channel": index[-1],
        "pixel": list(index[:-1]),
        "ours": _value(found.ours, index),
        "theirs": _value(found.theirs, index),
        "different": found.different,
        "elements": found.tensor.elements,
        "pattern": asdict(found.pattern),
        "suspects": [op.index for op in found.suspects],
        "causes": [{**_without_words(fit), "says": fit.says, "exact": fit.exact} for fit in found.fits],
    }


def _without_words(fit: Fit) -> dict[str, Any]:
    return {key: value for key, value in asdict(fit).items() if key != "says"}


def _value(values: Any, index: tuple[int, ...]) -> int | float | bool:
    return values.reshape(values.shape or (1,))[index].item()


def lines(answer: Localization) -> list[str]:
    """The answer first: where it parts, how, why; then what else is to know."""
    compared = sum(t.bytes_compared for t in answer.tensors)
    what = f"{compared:,} bytes of {len(answer.tensors)} dumped tensors"
    different = sum(t.bytes_different for t in answer.tensors)
    said = [f"equal: 0 of {what} differ"]
    if answer.finding is not None:
        said = _found(answer.finding, f"{different:,} of {what}")
    others = answer.blamed[1:] if answer.finding and answer.finding.op else answer.blamed
    if others:
        said.append(f"on their own inputs these err too: {', '.join(map(_short, others))}")
    if answer.absent:
        said.append(
            f"not in the dump: {len(answer.absent)} tensors ({_indices([t.index for t in answer.absent])})"
        )
    said += [f"not compared: tensor {t.index} ({t.name}): {why}" for t, why in answer.unchecked]
    return said


def _found(found: Finding, what: str) -> list[str]:
    index, share = found.first, found.different / max(1, found.tensor.elements)
    who = found.kind if found.op is None else f"{found.kind} (operator {found.op.index})"
    values = f"ours {_value(found.ours, index)}, theirs {_value(found.theirs, index)}"
    where = f"tensor {found.tensor.index}, channel {index[-1]}, pixel {list(index[:-1])}"
    said = [
        f"bits differ: {what}; first in {who}, {where}: {values}",
        f"{found.different:,} of {found.tensor.elements:,} elements differ ({share:.1%}): {_pattern(found)}",
    ]
    if len(found.suspects) > 1:
        named = ", ".join(map(_short, found.suspects))
        said.append(f"any of these may have erred, the dump has nothing between them: {named}")
    return [*said, *_causes(found.fits)]


def _pattern(found: Finding) -> str:
    pattern, shape = found.pattern, found.tensor.shape or (1,)
    axes = [("channels", pattern.channels, shape[-1])]
    if len(shape) == 4:
        axes += [("rows", pattern.rows, shape[1]), ("columns", pattern.cols, shape[2])]
    return "; ".join(
        f"all {side} {name}" if len(at) == side else f"{name} {_indices(at)} of {side}"
        for name, at, side in axes
    )


def _causes(fits: Sequence[Fit]) -> list[str]:
    exact = [fit for fit in fits if fit.exact]
    if exact:
        also = [f"so does: {fit.says}, in operator {fit.op}" for fit in exact[1:SHOWN]]
        return [f"cause: {exact[0].says}: explains all of {exact[0].of_bytes:,} different bytes", *also]
    if not fits:
        return ["cause: none that is known fits"]
    near = [
        f"nearest: {fit.says}: explains {fit.explains_bytes:,} of {fit.of_bytes:,} different bytes,"
        f" and would break {fit.breaks_bytes:,} more"
        for fit in fits[:SHOWN]
    ]
    return ["cause: none that is known fits whole", *near]


def _short(op: Op) -> str:
    return f"{op.index} ({op.kind.value})"


def _indices(at: Sequence[int]) -> str:
    """Runs of indices.

    >>> _indices([0, 1, 2, 5, 7, 8])
    '0-2, 5, 7-8'
    """
    runs: list[list[int]] = []
    for i in at:
        if runs and i == runs[-1][1] + 1:
            runs[-1][1] = i
        else:
            runs.append([i, i])
    said = [f"{a}-{b}" if a != b else f"{a}" for a, b in runs]
    return ", ".join(said if len(said) <= 8 else [*said[:7], f"... ({len(at)} in all)"])
