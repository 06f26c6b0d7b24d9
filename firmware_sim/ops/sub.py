"""SUB."""

from __future__ import annotations

import numpy as np

from firmware_sim.ops import sums
from firmware_sim.ops.kernel import Kernel, Operands
from graph.attrs import SubAttrs


def plain(operands: Operands) -> Kernel:
    """a - b; see sums.plain."""
    return sums.plain(operands, np.subtract, operands.attrs(SubAttrs))
