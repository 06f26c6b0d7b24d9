import msgspec
from hypothesis import given
from hypothesis import strategies as st

from graph.mobilenet import mobilenet_v1
from memory_planner import plan
from memory_planner.chip import Count, Lanes, load
from memory_planner.cost.layers import counted, cycles, total_cycles
from memory_planner.cost.work import LayerClass, works
from memory_planner.streamed import Minimize, c_plan, weight_bytes_read

NPU6M = load("npu6m")
NET = mobilenet_v1(0.25, 96)


def lanes(**counts):
    return Lanes(**{name: Count(value, "assumed", "a test") for name, value in counts.items()})


def on(chip, **changes):
    return msgspec.structs.replace(chip, **changes)


def test_without_lanes_macs_are_those_of_the_paper():
    assert all(w.lane_macs == w.macs for w in works(NET, plan(NET, NPU6M), NPU6M))


def test_channels_are_rounded_up_on_either_side_and_pixels_by_the_tile():
    chip = on(NPU6M, lanes=lanes(input_channels=5, output_channels=7, rows=11, columns=13))
    conv, depthwise, pointwise, *_ = works(NET, plan(NET, chip), chip)
    assert conv.lane_macs == 55 * 52 * 14 * 3 * 3 * 5
    assert depthwise.lane_macs == 55 * 52 * 14 * 3 * 3
    assert pointwise.lane_macs == 55 * 52 * 21 * 10


def test_channels_are_stored_rounded_up():
    chip = on(NPU6M, lanes=lanes(stored_channels=16))
    conv, *_ = works(NET, plan(NET, chip), chip)
    assert [m.activation_bytes for m in conv.moved] == [96 * 96 * 16 + 48 * 48 * 16]


def test_a_streamed_plan_reads_weights_as_often_as_its_operators_run():
    streamed, whole = c_plan(NET, NPU6M), plan(NET, NPU6M)
    for made in (streamed, whole):
        layers = works(NET, made, NPU6M)
        read = sum(m.weight_bytes + m.reread_bytes for w in layers for m in w.moved)
        assert read == weight_bytes_read(NET, made)
    assert total_cycles(cycles(NET, streamed, NPU6M), NPU6M) > total_cycles(cycles(NET, whole, NPU6M), NPU6M)


def test_fewer_weights_read_are_fewer_cycles():
    graph = mobilenet_v1(1.0, 224)
    made = [c_plan(graph, NPU6M, minimize=m) for m in (Minimize.LATENCY, Minimize.PEAK)]
    fast, small = (total_cycles(cycles(graph, p, NPU6M), NPU6M) for p in made)
    assert weight_bytes_read(graph, made[0]) < weight_bytes_read(graph, made[1])
    assert fast < small


@given(st.sampled_from(["sum", "max"]), st.booleans(), st.sampled_from(["npu6m", "k210", "stm32n6", "gap8"]))
def test_the_parts_of_a_frame_add_up_to_its_cycles(overlap, streamed, name):
    chip = on(load(name), overlap=overlap)
    made = c_plan(NET, chip) if streamed else plan(NET, chip)
    costs = cycles(NET, made, chip)
    parts = sum(counted(NET, made, chip).values())
    assert parts <= total_cycles(costs, chip) <= parts + 3 * len(costs) + 1


def test_a_pool_is_as_much_work_as_its_input():
    pool = [w for w in works(NET, plan(NET, NPU6M), NPU6M) if w.layer_class is LayerClass.POOL]
    assert [(w.macs, w.elements) for w in pool] == [(0, 3 * 3 * 256)]
