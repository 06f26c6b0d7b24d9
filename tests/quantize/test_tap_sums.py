"""Means of a layer's sums from the means of what its taps read, held to the convolution itself."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.attrs import Activation, Conv2DAttrs, DepthwiseConv2DAttrs, Padding
from graph.op_kind import OpKind
from graph.types import Op
from graph.windows import window_of
from quantize.tap_sums import summed_products, tap_sums


@settings(deadline=None, max_examples=60)
@given(
    depthwise=st.booleans(),
    padding=st.sampled_from(Padding),
    stride=st.sampled_from([(1, 1), (2, 1), (2, 3)]),
    dilation=st.sampled_from([(1, 1), (2, 1)]),
    size=st.sampled_from([(1, 1), (3, 2), (3, 3)]),
    seed=st.integers(0, 2**32 - 1),
)
def test_the_sums_of_products_are_those_of_the_convolution(depthwise, padding, stride, dilation, size, seed):
    rng = np.random.default_rng(seed)
    pictures = rng.integers(-255, 256, (3, 7, 11, 5))
    if depthwise:
        attrs = DepthwiseConv2DAttrs(padding, *stride, *dilation, 2, Activation.NONE)
        weights, kind = rng.integers(-127, 128, (1, *size, 10)), OpKind.DEPTHWISE_CONV_2D
    else:
        attrs = Conv2DAttrs(padding, *stride, *dilation, Activation.NONE)
        weights, kind = rng.integers(-127, 128, (13, *size, 5)), OpKind.CONV_2D
    sums, pixels = tap_sums(Op(0, kind, (), (), attrs), weights.shape, pictures.sum(axis=0))

    window = window_of(attrs, pictures.shape, size, dilation)
    padded = np.pad(pictures, window.padding)
    expected = np.zeros(10 if depthwise else 13, np.int64)
    for y in range(size[0]):
        for x in range(size[1]):
            read = padded[:, window.rows.taps(y), window.cols.taps(x)]
            if depthwise:
                expected += (np.repeat(read, 2, axis=3) * weights[0, y, x]).sum(axis=(0, 1, 2))
            else:
                expected += (read @ weights[:, y, x].T).sum(axis=(0, 1, 2))
    assert expected.tolist() == summed_products(Op(0, kind, (), (), attrs), weights, sums).tolist()
    assert pixels == window.rows.outputs * window.cols.outputs


@pytest.mark.parametrize("shape", [(17,), (1, 1, 17), (3, 17)])
def test_a_dense_layer_reads_rows(shape):
    rng = np.random.default_rng(7)
    pictures, weights = rng.integers(-9, 9, (4, *shape)), rng.integers(-9, 9, (5, 17))
    op = Op(0, OpKind.FULLY_CONNECTED, (), ())
    sums, rows = tap_sums(op, weights.shape, pictures.sum(axis=0))
    expected = (pictures.reshape(-1, 17) @ weights.T).sum(axis=0)
    assert expected.tolist() == summed_products(op, weights, sums).tolist()
    assert 4 * rows == len(pictures.reshape(-1, 17))
