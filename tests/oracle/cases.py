"""Every operator's cases by name; `CONV_2D/uint8` is CONV_2D in another type than int8."""

from __future__ import annotations

from hypothesis import strategies as st

from firmware_sim.oracles import Oracle
from tests.oracle import (
    cases_binary,
    cases_detection,
    cases_layout,
    cases_products,
    cases_recurrent,
    cases_reductions,
    cases_slices,
    cases_softmax,
    cases_unary,
)
from tests.oracle.single_op import Case

_GROUPS = (
    cases_binary,
    cases_detection,
    cases_layout,
    cases_products,
    cases_recurrent,
    cases_reductions,
    cases_slices,
    cases_softmax,
    cases_unary,
)

CASES: dict[str, st.SearchStrategy[Case]] = {
    name: strategy for group in _GROUPS for name, strategy in group.CASES.items()
}
REFUSED: frozenset[tuple[str, Oracle]] = frozenset(
    pair for group in _GROUPS for pair in getattr(group, "REFUSED", ())
)
"""What an oracle runs in no form at all; a test holds that it is so."""
