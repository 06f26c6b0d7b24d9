"""Bias correction, held to what the float network's layers add up to."""

import numpy as np
import pytest

import quiet
from firmware_sim.by_operator import run_operator
from graph import tflite
from quantize import aids, bias_correction, float_net, post_training
from quantize import float_model as float_models
from quantize.draft import by_channel, draft, scales_of
from quantize.recipe import NONE, Recipe
from quantize.statistics import gather
from quantize.tap_sums import summed_products, tap_sums


@pytest.fixture(scope="module")
def model(request):
    with quiet.aside():
        return float_models.load(request.getfixturevalue("float_model"))


@pytest.fixture(scope="module")
def pixels(model, quantized, colours):
    chosen = [colours.train.names.index(one["name"]) for one in quantized.calibration["samples"]]
    return colours.train.read(chosen, model.res_px)


@pytest.fixture(scope="module")
def net(model):
    with quiet.aside():
        return float_net.of_model(model)


@pytest.fixture(scope="module")
def plain(model, pixels):
    with quiet.aside():
        return post_training.convert(model, pixels)


def test_the_means_of_every_layer_are_the_floats_to_half_a_step(net, plain, model, pixels):
    made = draft(tflite.read(plain), net.graph)
    seen = gather(net, model.pixels.real(pixels))
    means, inputs = seen.means, aids.int8_inputs(made.graph, model, pixels)
    made = aids.carried_out(Recipe(bias_correction=True), made, seen, model, pixels)
    graph, stacks = made.graph, {made.graph.inputs[0]: inputs[:, None]}
    assert len(made.layers) == 4
    for op in graph.ops:
        written, _ = run_operator(graph, op, stacks)
        if layer := made.layers.get(op.index):
            source, weights, bias = (graph.tensors[i] for i in op.inputs)
            real = source.quant.scale * (stacks[source.index].astype(float) - source.quant.zero_point)
            scales = scales_of(weights, len(layer.bias))
            sums, count = tap_sums(op, weights.shape, real.mean(axis=0)[0])
            got = summed_products(op, weights.data * by_channel(scales, op), sums) / count
            steps = source.quant.scale * scales
            got = got + bias.data * steps
            wanted = bias_correction.mean_sums(layer, means[layer.float_op.inputs[0]])
            assert (np.abs(got - wanted) <= steps * 0.501).all(), op
        stacks |= written


def test_a_recipe_that_says_nothing_keeps_the_converters_bytes(plain, float_model, colours):
    made = post_training.quantize(float_model, colours, samples=12, seed=0, recipe=NONE)
    assert made.blob == plain


def test_rounding_to_the_nearest_is_what_the_converter_does(net, plain, model, pixels):
    """What the aids start from is what they are to better."""
    start = draft(tflite.read(plain), net.graph)
    seen = gather(net, model.pixels.real(pixels))
    made = aids.carried_out(NONE, start, seen, model, pixels)
    assert made.graph == start.graph
