"""A form of TRANSPOSE_CONV that one oracle runs and the other misreads."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_sim.oracles import Oracle
from tests.oracle.cases_products import transpose_conv
from tests.oracle.test_single_operators import FAST, hold

pytest.importorskip("ai_edge_litert", reason="needs the oracle extra")


def test_16_bit_activations_with_a_bias_of_32_bits_have_litert_bits():
    compared = []

    @FAST
    @given(st.lists(transpose_conv("int16", narrow_bias=True), min_size=32, max_size=32))
    def check(cases):
        compared.append(hold(cases, Oracle.TFLITE_REF))

    check()
    assert sum(compared) > 0
