"""Equalization leaves the float function as it is, and brings channels to one range."""

from dataclasses import replace

import numpy as np
import pytest

import quiet
from graph import tflite
from graph.op_kind import OpKind
from graph.patch import with_values
from quantize import float_net, post_training
from quantize.aids import INTO
from quantize.draft import draft
from quantize.equalization import chains, equalized
from quantize.float_model import FloatModel
from quantize.float_net import FloatNet
from quantize.statistics import gather

RES = 16


def build(limit, spread):
    """Five layers, a mean and a dense layer; the first layer's channels are spread apart."""
    import keras

    layers = keras.layers
    keras.utils.set_random_seed(2)
    inputs = keras.Input((RES, RES, 3))
    x = inputs
    for make in (
        lambda: layers.Conv2D(6, 3, padding="same", bias_initializer="random_normal"),
        lambda: layers.DepthwiseConv2D(3, padding="same", strides=2, bias_initializer="random_normal"),
        lambda: layers.Conv2D(7, 1, bias_initializer="random_normal"),
        lambda: layers.DepthwiseConv2D(3, padding="same", bias_initializer="random_normal"),
        lambda: layers.Conv2D(9, 1, bias_initializer="random_normal"),
    ):
        x = layers.ReLU(limit)(make()(x))
    outputs = layers.Dense(3, bias_initializer="random_normal")(layers.GlobalAveragePooling2D()(x))
    model = keras.Model(inputs, outputs)
    first, second = [one for one in model.layers if one.weights][:2]
    kernel, bias = first.get_weights()
    factors = np.geomspace(1, 1 / spread, 6).astype(np.float32)
    first.set_weights([kernel * factors, bias * factors])
    kernel, bias = second.get_weights()
    second.set_weights([kernel / factors[:, None], bias])
    return model


@pytest.fixture(scope="module", params=[None, 6.0], ids=["relu", "relu6"])
def made(request):
    with quiet.aside():
        keras_model = build(request.param, 1000 if request.param is None else 4)
        model = FloatModel("none", lambda x: keras_model(x, training=False), keras_model, RES, 3)
        pixels = np.random.default_rng(1).integers(0, 256, (20, RES, RES, 3), dtype=np.uint8)
        net = float_net.of_model(model)
        plain = post_training.convert(model, pixels)
        inputs = model.pixels.real(pixels)
        return draft(tflite.read(plain), net.graph), net, inputs, gather(net, inputs)


def test_every_place_between_two_layers_is_found(made):
    found = list(chains(made[0]))
    kinds = [made[0].graph.ops[one.after].kind for one in found]
    assert [kind.value for kind in kinds] == [
        *("DEPTHWISE_CONV_2D", "CONV_2D", "DEPTHWISE_CONV_2D", "CONV_2D", "FULLY_CONNECTED")
    ]
    assert [op.kind for op in found[-1].passing] == [OpKind.MEAN]


@pytest.mark.parametrize("into", ["depthwise", "all"])
def test_the_float_function_stays(made, into):
    start, net, inputs, seen = made
    scaled = equalized(start, seen, INTO[into], 4096.0)
    edited = {}
    for index, layer in scaled.layers.items():
        if layer is start.layers[index]:
            continue
        weights, bias = (net.graph.tensors[i] for i in layer.float_op.inputs[1:3])
        edited[weights.index] = replace(weights, data=layer.weights.astype(np.float32))
        edited[bias.index] = replace(bias, data=layer.bias.astype(np.float32))
    assert len(edited) >= 6
    graph = replace(net.graph, tensors=tuple(edited.get(t.index, t) for t in net.graph.tensors))
    other = FloatNet(with_values(net.blob, graph), graph)
    (output,) = net.graph.outputs
    for before, after in zip(net.activations(inputs), other.activations(inputs), strict=True):
        assert np.allclose(before[output], after[output], rtol=1e-4, atol=1e-5)
        for index, gains in scaled.gains.items():
            assert np.allclose(before[index] * gains, after[index], rtol=1e-3, atol=1e-4)


def test_before_a_depthwise_layer_every_channel_has_the_widest_ones_range(made):
    start, _, _, seen = made
    scaled = equalized(start, seen, INTO["depthwise"], 4096.0)
    first = start.pairs[start.graph.ops[0].outputs[0]]
    alive = seen.highs[first] > 0
    highs = (seen.highs[first] * scaled.gains[first])[alive]
    assert np.allclose(highs, highs.max(), rtol=1e-6)


def test_no_channel_grows_by_more_than_the_limit(made):
    start, _, _, seen = made
    for limit in (2.0, 5.0):
        gains = equalized(start, seen, INTO["all"], limit).gains
        assert max(values.max() for values in gains.values()) <= limit
