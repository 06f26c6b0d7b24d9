"""Causes in the order of elements: weights transposed, pictures in another layout."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from firmware_sim.causes.layers import WITH_WEIGHTS
from firmware_sim.causes.trial import Cause, Trial, Variants
from graph.op_kind import OpKind

WEIGHTS = 1
# Each operator's own layout of weights, and those that others use.
LAYOUTS = {
    OpKind.CONV_2D: ("OHWI", ("HWIO", "OIHW", "OWHI", "IHWO", "HWOI")),
    OpKind.DEPTHWISE_CONV_2D: ("1HWC", ("C1HW", "1WHC", "WHC1", "CWH1")),
    OpKind.FULLY_CONNECTED: ("OI", ("IO",)),
}


def read_as(values: np.ndarray, own: str, other: str) -> np.ndarray:
    """The array that code sees which takes bytes in the layout `own` for bytes in the layout `other`.

    >>> read_as(np.array([[0, 1, 2], [3, 4, 5]]), "OI", "IO").tolist()
    [[0, 2, 4], [1, 3, 5]]
    """
    sides = dict(zip(own, values.shape, strict=True))
    return values.reshape([sides[axis] for axis in other]).transpose([other.index(axis) for axis in own])


def stored_as(values: np.ndarray, own: str, other: str) -> np.ndarray:
    """The array that code for the layout `own` sees where the bytes were written in the layout `other`.

    >>> stored_as(np.array([[0, 1, 2], [3, 4, 5]]), "OI", "IO").tolist()
    [[0, 3, 1], [4, 2, 5]]
    """
    return np.ascontiguousarray(values.transpose([own.index(axis) for axis in other])).reshape(values.shape)


def weights_transposed(trial: Trial) -> Variants:
    """The kernel expects another layout than the bytes have, or the bytes were written in another."""
    if not trial.is_constant(WEIGHTS):
        return
    own, others = LAYOUTS[trial.kind]
    weights = trial.array(WEIGHTS)
    tried = [weights]
    for other in others:
        for said, layout in ((f"{own} read as {other}", read_as), (f"written as {other}", stored_as)):
            moved = np.ascontiguousarray(layout(weights, own, other))
            if not any(np.array_equal(moved, earlier) for earlier in tried):
                tried.append(moved)
                yield said, trial.with_input(WEIGHTS, moved).run()


def _pictures(trial: Trial) -> Iterator[tuple[int, np.ndarray]]:
    """Inputs that are pictures with several channels, by position."""
    for position, values in enumerate(trial.inputs):
        if values is not None and not trial.is_constant(position) and _is_picture(values):
            yield position, values


def _is_picture(values: np.ndarray) -> bool:
    return values.ndim == 4 and values.shape[3] > 1


def as_nchw(values: np.ndarray) -> Variants:
    """The bytes of an NHWC picture taken for NCHW, or the other way around."""
    if _is_picture(values):
        for said, layout in (("NHWC read as NCHW", read_as), ("written as NCHW", stored_as)):
            yield said, np.ascontiguousarray(layout(values, "NHWC", "NCHW"))


def channels_reversed(values: np.ndarray) -> Variants:
    """The last channel first: BGR for RGB."""
    if _is_picture(values):
        yield "", np.ascontiguousarray(values[..., ::-1])


def off_by_128(values: np.ndarray) -> Variants:
    """uint8 pixels taken for int8 as they are, or the other way around."""
    if values.dtype.itemsize == 1:
        yield "", (values.view(np.uint8) ^ 0x80).view(values.dtype)


def input_as_nchw(trial: Trial) -> Variants:
    for position, values in _pictures(trial):
        for said, moved in as_nchw(values):
            yield said, trial.with_input(position, moved).run()


def input_channels_reversed(trial: Trial) -> Variants:
    for position, values in _pictures(trial):
        for said, moved in channels_reversed(values):
            yield said, trial.with_input(position, moved).run()


def output_as_nchw(trial: Trial) -> Variants:
    """The right values, in another order."""
    if len(trial.ofm.shape) == 4:
        for said, layout in (("written as NCHW", stored_as), ("written as NWHC", _swapped)):
            yield said, np.ascontiguousarray(layout(trial.run(), "NHWC", "NCHW"))


def _swapped(values: np.ndarray, own: str, _: str) -> np.ndarray:
    return stored_as(values, own, "NWHC")


CAUSES = (
    Cause("weights_transposed", "weights in another layout", WITH_WEIGHTS, weights_transposed),
    Cause("input_as_nchw", "its input in another layout", None, input_as_nchw),
    Cause("input_channels_reversed", "its input's channels reversed", None, input_channels_reversed),
    Cause("output_as_nchw", "right values, its output in another layout", None, output_as_nchw),
)

OF_INPUTS: tuple[tuple[str, str, Callable[[np.ndarray], Variants]], ...] = (
    ("input_as_nchw", "the picture in another layout", as_nchw),
    ("input_channels_reversed", "channels reversed: BGR for RGB", channels_reversed),
    ("input_off_by_128", "128 off: uint8 taken for int8", off_by_128),
)
"""Causes of an input that is wrong before any operator runs."""
