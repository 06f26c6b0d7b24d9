"""Laws that every plan of every graph obeys."""

from hypothesis import given

from memory_planner import plan, validate
from memory_planner.chip import load
from memory_planner.types import aligned
from tests.graphs import graphs

CHIP = load("npu6m")


@given(graphs())
def test_a_plan_validates(graph):
    assert validate(graph, plan(graph, CHIP)) == []


@given(graphs())
def test_the_arena_lies_between_the_lower_bound_and_no_sharing(graph):
    made = plan(graph, CHIP)
    assert made.lower_bound_bytes <= made.arena_bytes
    assert made.arena_bytes <= sum(aligned(b.size_bytes, made.alignment_bytes) for b in made.buffers)


@given(graphs())
def test_a_plan_depends_on_graph_and_chip_alone(graph):
    assert plan(graph, CHIP) == plan(graph, CHIP)


@given(graphs())
def test_the_worst_step_is_the_lower_bound(graph):
    made = plan(graph, CHIP)
    assert made.lower_bound_bytes == max(made.live_bytes(step) for step in range(len(made.schedule.steps)))
