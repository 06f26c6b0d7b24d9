"""Channels spread by 1000 on purpose: the converter alone falls apart, the search brings the model back."""

import numpy as np

import quiet
from benchmarks.worst_case import spread_apart
from quantize import float_net, measure, post_training
from quantize.aids import carried_out, int8_inputs
from quantize.draft import draft
from quantize.float_model import FloatModel
from quantize.inspection import inspect
from quantize.recipe import NONE, Recipe
from quantize.statistics import gather
from tests.quantize.test_equalization import RES, build

BACK = Recipe(
    equalization="depthwise", equalization_limit=4096.0, rounding="compensated", bias_correction=True
)


def test_the_function_stays_and_the_recipe_brings_int8_back():
    with quiet.aside():
        keras_model = build(None, 1)
        rng = np.random.default_rng(6)
        pixels = rng.integers(0, 256, (60, RES, RES, 3), dtype=np.uint8)
        pixels = (pixels * rng.uniform(0.1, 1, (60, 1, 1, 3))).astype(np.uint8)
        model = FloatModel("none", lambda x: keras_model(x, training=False), keras_model, RES, 3)
        inputs = model.pixels.real(pixels)
        before = np.asarray(model.call(inputs))
        assert spread_apart(keras_model, 1000.0) == 2
        assert np.allclose(before, np.asarray(model.call(inputs)), rtol=1e-3, atol=1e-4)
        net = float_net.of_model(model)
        start = draft(inspect(post_training.convert(model, pixels[:40])), net.graph)
    seen = gather(net, inputs[:40])
    held = measure.hold(net, pixels[40:], inputs[40:], np.zeros(20, np.int64))
    sqnr = []
    for recipe in (NONE, BACK):
        graph = carried_out(recipe, start, seen, model, pixels[:40]).graph
        sqnr.append(measure.nearness(graph, int8_inputs(graph, model, pixels[40:]), held).sqnr_db)
    assert sqnr[1] > sqnr[0] + 20
