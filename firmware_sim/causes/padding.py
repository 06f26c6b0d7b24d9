"""Causes in padding: on the wrong side, with the wrong value, counted where it must not be."""

from __future__ import annotations

from typing import Any

import numpy as np

from firmware_sim.causes.trial import Cause, Trial, Variants
from graph.attrs import Padding, Pool2DAttrs
from graph.op_kind import OpKind
from graph.windows import Window, window_of

CONVOLUTIONS = frozenset({OpKind.CONV_2D, OpKind.DEPTHWISE_CONV_2D})
POOLS = frozenset({OpKind.AVERAGE_POOL_2D})


def window(trial: Trial) -> Window:
    """Where the operator's window lies."""
    attrs: Any = trial.operands.op.attrs
    shape = trial.array(0).shape
    if isinstance(attrs, Pool2DAttrs):
        return window_of(attrs, shape, (attrs.filter_h, attrs.filter_w))
    size = trial.array(1).shape[1:3]
    return window_of(attrs, shape, (size[0], size[1]), (attrs.dilation_h, attrs.dilation_w))


def _padded_by_hand(trial: Trial, amounts: tuple[tuple[int, int], ...], value: int) -> np.ndarray:
    """The operator without padding of a picture that has it already."""
    picture = np.pad(trial.array(0), amounts, constant_values=value)
    return trial.with_input(0, picture).with_attrs(padding=Padding.VALID).run()


def _zero_point(trial: Trial) -> int:
    tensor = trial.tensor(0)
    return tensor.quant.zero_point if tensor is not None and tensor.quant is not None else 0


def padding_on_the_wrong_side(trial: Trial) -> Variants:
    """SAME's odd row at the top, its odd column at the left."""
    amounts = window(trial).padding
    mirrored = tuple((after, before) for before, after in amounts)
    for said, chosen in (
        ("rows and columns", mirrored),
        ("rows", (amounts[0], mirrored[1], *amounts[2:])),
        ("columns", (*amounts[:2], mirrored[2], amounts[3])),
    ):
        if chosen != amounts:
            yield said, _padded_by_hand(trial, chosen, _zero_point(trial))


def padding_with_zero(trial: Trial) -> Variants:
    """0 where the zero point belongs."""
    amounts = window(trial).padding
    if _zero_point(trial) and any(n for pair in amounts for n in pair):
        yield "", _padded_by_hand(trial, amounts, 0)


def padding_counted(trial: Trial) -> Variants:
    """The average over the whole window, though part of it is padding of 0 or of the zero point."""
    amounts = window(trial).padding
    if any(n for pair in amounts for n in pair):
        yield "as 0", _padded_by_hand(trial, amounts, 0)
        yield "as the zero point", _padded_by_hand(trial, amounts, _zero_point(trial))


CAUSES = (
    Cause(
        "padding_on_the_wrong_side",
        "padding on the wrong side: SAME's odd row at the top",
        CONVOLUTIONS,
        padding_on_the_wrong_side,
    ),
    Cause("padding_with_zero", "padding with 0, not with the zero point", CONVOLUTIONS, padding_with_zero),
    Cause("padding_counted", "padding counted in the average", POOLS, padding_counted),
)
