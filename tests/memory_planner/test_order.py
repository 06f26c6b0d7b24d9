"""The best order is the best: held against every order there is, and against a table over all sets."""

import re
from dataclasses import replace
from importlib import import_module
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from graph.op_kind import OpKind
from graph.types import DType, Graph, Op, Tensor
from memory_planner import plan, validate
from memory_planner.chip import load
from memory_planner.lifetimes import buffers_of, file_order
from memory_planner.order import Ordering, order
from memory_planner.order_blocks import contracted, flow_of
from memory_planner.order_bound import any_order_bytes
from memory_planner.order_search import Moves, descend, search
from memory_planner.order_valley import valley
from memory_planner.packing import pack
from memory_planner.types import Proof, Schedule, Step, aligned
from tests.graphs import chain, graph_of

ALIGNMENTS = st.sampled_from([1, 4, 16])

# Two branches, each large and then small, and what joins them; the file runs them side by side.
FORK = graph_of(
    [96, 304, 304, 16, 16, 32],
    [((0,), (1,)), ((0,), (2,)), ((1,), (3,)), ((2,), (4,)), ((3, 4), (5,))],
    [5],
)


@st.composite
def branching(draw, max_ops=8):
    """Random DAGs: inputs that may be unread, operators of one or two outputs, read soon or late."""
    inputs = draw(st.integers(1, 3))
    size = st.one_of(st.integers(1, 8), st.integers(1, 97))
    sizes = draw(st.lists(size, min_size=inputs, max_size=inputs))
    ops = []
    for _ in range(draw(st.integers(1, max_ops))):
        far = draw(st.sampled_from([1, 2, 4, len(sizes)]))
        known = st.integers(max(0, len(sizes) - far), len(sizes) - 1)
        reads = draw(st.lists(known, min_size=1, max_size=3, unique=True))
        made = draw(st.lists(size, min_size=1, max_size=draw(st.sampled_from([1, 1, 1, 2]))))
        ops.append((tuple(reads), tuple(range(len(sizes), len(sizes) + len(made)))))
        sizes += made
    read = {t for reads, _ in ops for t in reads}
    unread = [t for t in range(inputs, len(sizes)) if t not in read]
    outputs = draw(st.lists(st.sampled_from(range(len(sizes))), max_size=2, unique=True))
    kept = unread[: draw(st.integers(1, len(unread)))]
    more = draw(st.sampled_from([0, 0, 0, 50, 150]))  # an input that nobody reads
    graph = graph_of([*sizes, *[more] * (more > 0)], ops, sorted({*outputs, *kept}))
    return replace(graph, inputs=(*range(inputs), *range(len(sizes), len(graph.tensors))))


def of_ops(ops):
    return Schedule(tuple(Step((op,)) for op in ops))


def peak_bytes(graph, schedule, alignment):
    """The fullest step, step by step."""
    buffers = buffers_of(graph, schedule)
    return max(
        sum(aligned(b.size_bytes, alignment) for b in buffers if b.lifetime.start <= s < b.lifetime.end)
        for s in range(len(schedule.steps))
    )


def all_orders(graph):
    """Every order of the operators in which each reads what is there."""

    def longer(ran, there):
        if len(ran) == len(graph.ops):
            yield ran
        for op in graph.ops:
            if op.index not in ran and there.issuperset(op.inputs):
                yield from longer((*ran, op.index), there | set(op.outputs))

    return longer((), frozenset(graph.inputs))


def table_bytes(graph, alignment):
    """The least peak, by a table over all sets of operators that can have run, without any rule of ours."""
    size = {t.index: aligned(t.size_bytes, alignment) for t in graph.tensors}

    def alive(ran):
        there = {*graph.inputs, *(t for v in ran for t in graph.ops[v].outputs)}
        wanted = {*graph.outputs, *(t for op in graph.ops if op.index not in ran for t in op.inputs)}
        return there & (wanted if ran else wanted | set(graph.inputs))

    level = {frozenset(): 0}
    for _ in graph.ops:
        above = {}
        for ran, peak in level.items():
            there = alive(ran)
            bytes_there = sum(size[t] for t in there)
            for op in graph.ops:
                if op.index not in ran and there.issuperset(op.inputs):
                    step = bytes_there + sum(size[t] for t in op.outputs)
                    into = ran | {op.index}
                    above[into] = min(above.get(into, step + peak), max(peak, step))
        level = above
    (peak,) = level.values()
    return peak


@given(branching(), ALIGNMENTS)
def test_the_peak_is_the_least_of_all_orders(graph, alignment):
    least = min(peak_bytes(graph, of_ops(ops), alignment) for ops in all_orders(graph))
    found = order(graph, alignment)
    assert found.peak_bytes == least == peak_bytes(graph, found.schedule, alignment)
    assert found.lower_bound_bytes == least
    assert found.proof in ("lower-bound", "search")


@given(branching(max_ops=11), ALIGNMENTS)
def test_the_search_alone_finds_the_least_peak_and_nothing_below_it(graph, alignment):
    """Without the bound and the beam, so that the search's own rules do the work."""
    least = table_bytes(graph, alignment)
    flow = flow_of(graph, alignment)
    blocks = contracted(flow)
    found = search(Moves(flow, blocks), 0, least + 1, 10**6)
    assert found.bound_bytes == least
    ops = [op for b in found.blocks for op in blocks[b].ops]
    assert peak_bytes(graph, of_ops(ops), alignment) == least
    below = search(Moves(flow, blocks), 0, least, 10**6)
    assert (below.blocks, below.is_complete) == (None, True)


@pytest.mark.slow
@settings(max_examples=3_000, deadline=None, suppress_health_check=list(HealthCheck))
@given(branching(max_ops=14), ALIGNMENTS)
def test_the_peak_is_that_of_a_table_over_all_sets(graph, alignment):
    assert order(graph, alignment).peak_bytes == table_bytes(graph, alignment)


@given(branching(), ALIGNMENTS)
def test_the_lower_bound_made_beforehand_is_one(graph, alignment):
    assert any_order_bytes(flow_of(graph, alignment)) <= table_bytes(graph, alignment)


@given(branching(max_ops=12), ALIGNMENTS, st.integers(0, 5))
def test_a_search_that_is_cut_short_says_so_and_is_never_worse_than_the_file(graph, alignment, limit):
    found = order(graph, alignment, limit)
    least = table_bytes(graph, alignment)
    assert found.lower_bound_bytes <= least <= found.peak_bytes
    assert found.peak_bytes == peak_bytes(graph, found.schedule, alignment)
    assert found.peak_bytes <= peak_bytes(graph, file_order(graph), alignment)
    assert (found.proof == "none") == (found.gap_bytes > 0)


def test_past_its_limit_the_gap_is_told():
    wide = twigs([(8 * i % 61 + 60, 9 * i % 17 + 1) for i in range(12)], first=90)
    found = order(wide, 1, limit=5)
    assert found.proof == "none"
    assert found.lower_bound_bytes < found.peak_bytes < peak_bytes(wide, file_order(wide), 1)


@given(branching(), ALIGNMENTS)
def test_on_ties_the_file_keeps_its_order(graph, alignment):
    found = order(graph, alignment)
    own = peak_bytes(graph, file_order(graph), alignment)
    assert (found.schedule == file_order(graph)) == (found.peak_bytes == own)


@given(branching(max_ops=10), ALIGNMENTS, st.randoms(use_true_random=False))
def test_names_and_numbers_of_tensors_change_nothing(graph, alignment, random):
    new = list(range(len(graph.tensors)))
    random.shuffle(new)
    tensors = {new[t.index]: replace(t, index=new[t.index], name=f"n{new[t.index]}") for t in graph.tensors}
    renumbered = Graph(
        tensors=tuple(tensors[i] for i in range(len(new))),
        ops=tuple(
            replace(op, inputs=tuple(new[i] for i in op.inputs), outputs=tuple(new[i] for i in op.outputs))
            for op in graph.ops
        ),
        inputs=tuple(new[i] for i in graph.inputs),
        outputs=tuple(new[i] for i in graph.outputs),
    )
    assert order(renumbered, alignment) == order(graph, alignment)


def in_file_order(graph, ops):
    """The same graph from a file that has its operators in the order `ops`."""
    return replace(graph, ops=tuple(replace(graph.ops[op], index=i) for i, op in enumerate(ops)))


@given(branching(max_ops=6), ALIGNMENTS, st.randoms(use_true_random=False))
def test_the_peak_does_not_depend_on_the_order_in_the_file(graph, alignment, random):
    other = in_file_order(graph, random.choice(list(all_orders(graph))))
    assert order(other, alignment).peak_bytes == order(graph, alignment).peak_bytes


@given(branching(max_ops=10), st.data())
def test_what_touches_state_keeps_the_order_of_the_file(graph, data):
    marked = data.draw(st.sets(st.sampled_from([op.index for op in graph.ops])))
    state = len(graph.tensors)
    stateful = replace(
        graph,
        tensors=(*graph.tensors, Tensor(state, "state", (5,), DType.INT8, is_variable=True)),
        ops=tuple(replace(op, inputs=(*op.inputs, state)) if op.index in marked else op for op in graph.ops),
    )
    found = order(stateful, 1)
    assert [op for op in found.schedule.op_order if op in marked] == sorted(marked)
    assert found.peak_bytes >= order(graph, 1).peak_bytes
    assert validate(stateful, plan(stateful, load("npu6m"))) == []


@pytest.mark.parametrize("kind", [OpKind.ASSIGN_VARIABLE, OpKind.CALL_ONCE, OpKind.RANDOM_UNIFORM])
def test_operators_with_state_that_no_tensor_shows_keep_their_order(kind):
    assert order(FORK, 1).schedule.op_order != file_order(FORK).op_order
    ops = tuple(replace(op, kind=kind) if op.index in (1, 2) else op for op in FORK.ops)
    told = order(replace(FORK, ops=ops), 1).schedule.op_order
    assert told.index(1) < told.index(2)


@given(st.data())
def test_a_valley_is_the_smallest_set_that_leaves_least(data):
    count = data.draw(st.integers(1, 6))
    before = [data.draw(st.integers(0, (1 << b) - 1)) for b in range(count)]
    net = data.draw(st.lists(st.integers(-9, 9), min_size=count, max_size=count))
    pairs = [1 << a | 1 << b for a, b in combinations(range(count), 2)]
    readers = data.draw(st.lists(st.sampled_from(pairs), max_size=3)) if pairs else []
    shared = [(mask, data.draw(st.integers(1, 9))) for mask in readers]
    closed = [s for s in range(1 << count) if all(not s >> b & 1 or not before[b] & ~s for b in range(count))]
    base, target = data.draw(st.sampled_from([(a, b) for a in closed for b in closed if a & b == a]))

    def left(s):
        dead = sum(size for mask, size in shared if not mask & ~s)
        return sum(net[b] for b in range(count) if s >> b & 1) - dead

    between = [s for s in closed if base & s == base and s & target == s]
    assert valley(base, target, before, net, shared) == min(between, key=lambda s: (left(s), s.bit_count()))


@given(branching(max_ops=10).filter(lambda graph: not flow_of(graph, 1).unread_bytes), st.data())
def test_a_way_to_less_leads_to_the_valley_before_it(graph, data):
    """From the beginning to a set that leaves no more alive: the least of all between, by the same way."""
    flow = flow_of(graph, 1)
    moves = Moves(flow, contracted(flow))
    state, came_by, places = 0, {}, {0: (moves.start_bytes, moves.first)}
    lows = []
    for _ in range(moves.count):
        live, ready = places[state]
        b = data.draw(st.sampled_from([b for b in range(moves.count) if ready >> b & 1]))
        ((_, _, after),) = moves.next_of(state, (live, 1 << b), floor=-1)
        state |= 1 << b
        came_by[state], places[state] = b, (after, moves.ready_after(state, ready, b))
        lows += [state] * (after <= moves.start_bytes)
    assume(lows)
    target = data.draw(st.sampled_from(lows))
    least = min(live_by_set(moves, target).values())
    reached = descend(moves, 0, target, places, came_by)
    assert reached
    assert reached | target == target
    assert places[reached][0] == least
    while reached:
        assert places[reached] == (live_by_set(moves, reached)[reached], places[reached][1])
        reached ^= 1 << came_by[reached]


def live_by_set(moves, target):
    """Bytes alive after each set of blocks within `target`."""
    lives, level = {}, {0: (moves.start_bytes, moves.first)}
    while level:
        lives |= {state: live for state, (live, _) in level.items()}
        level = {
            state | 1 << b: (after, moves.ready_after(state | 1 << b, ready, b))
            for state, (live, ready) in level.items()
            for b, _, after in moves.next_of(state, (live, ready & target), floor=-1)
        }
    return lives


def twigs(branches, first=300):
    """An input, a tensor of `first` bytes, a branch of two operators for each pair of sizes, and their join.

    The file runs the first operators of all branches before any of the second.
    """
    count = len(branches)
    sizes = [10, first, *(large for large, _ in branches), *(small for _, small in branches)]
    ops = [((0,), (1,))]
    ops += [((1,), (2 + i,)) for i in range(count)]
    ops += [((2 + i,), (2 + count + i,)) for i in range(count)]
    ops.append((tuple(range(2 + count, 2 + 2 * count)), (2 + 2 * count,)))
    return graph_of([*sizes, sum(small for _, small in branches)], ops, [2 + 2 * count])


def test_eight_branches_are_run_one_after_the_other():
    graph = twigs([(100 + 20 * i, 3) for i in range(8)])
    found = order(graph, 1)
    assert peak_bytes(graph, file_order(graph), 1) == 300 + sum(100 + 20 * i for i in range(8))
    assert (found.peak_bytes, found.proof) == (300 + 240 + 3, "search")


def test_branches_of_one_operator_have_2_to_the_30_sets_and_no_search():
    graph = graph_of(
        [9, *range(10, 40), 700], [*(((0,), (i,)) for i in range(1, 31)), ((*range(1, 31),), (31,))], [31]
    )
    assert order(graph, 1).proof == "lower-bound"


def test_towers_side_by_side_are_one_problem_with_few_sets():
    """The file runs them floor by floor."""
    sizes, ops, tops = [1], [], [0, 0, 0]
    for floor in range(20):
        for tower in range(3):
            sizes.append(1 + (37 * (tower + 1) * (floor + 3)) % 401)
            ops.append(((tops[tower],), (len(sizes) - 1,)))
            tops[tower] = len(sizes) - 1
    graph = graph_of(sizes, ops, tops)
    found = order(graph, 1)
    assert found.proof in ("lower-bound", "search")
    assert found.peak_bytes < peak_bytes(graph, file_order(graph), 1)


def test_a_chain_has_one_order():
    assert order(chain(31, 37, 41, 43), 16).schedule == file_order(chain(31, 37, 41, 43))


def test_a_graph_without_operators_needs_its_inputs():
    empty = Graph((Tensor(0, "t0", (31,), DType.INT8),), (), (0,), ())
    assert (order(empty, 16).peak_bytes, order(empty, 16).proof) == (32, "lower-bound")


def test_an_input_that_nobody_reads_weighs_on_the_first_step_alone():
    """The small operator runs first, beside it; the large one once its bytes are free."""
    tensors = tuple(Tensor(i, f"t{i}", (size,), DType.INT8) for i, size in enumerate([8, 100, 90, 8, 8]))
    ops = (Op(0, OpKind.ADD, (0,), (2,)), Op(1, OpKind.ADD, (0,), (3,)), Op(2, OpKind.ADD, (2, 3), (4,)))
    graph = Graph(tensors, ops, (0, 1), (4,))
    assert peak_bytes(graph, file_order(graph), 1) == 8 + 100 + 90
    found = order(graph, 1)
    assert (found.schedule.op_order, found.peak_bytes) == ((1, 0, 2), 8 + 100 + 8)


@given(branching())
def test_a_plan_of_the_best_order_validates(graph):
    made = plan(graph, load("npu6m"))
    assert validate(graph, made) == []
    assert made.order_lower_bound_bytes <= made.lower_bound_bytes <= made.arena_bytes


@given(branching())
def test_a_plan_is_never_larger_than_the_files_own_order_packed(graph):
    made = plan(graph, load("npu6m"))
    own = pack(buffers_of(graph, file_order(graph)), 16).height_bytes
    assert made.arena_bytes <= own
    assert (made.schedule == file_order(graph)) == (made.arena_bytes == own)


def test_the_worked_example_of_the_docs_is_what_is_planned():
    page = (Path(__file__).resolve().parents[2] / "docs" / "plan.md").read_text()
    own, best = file_order(FORK), order(FORK, 16)
    alive = [
        sum(aligned(b.size_bytes, 16) for b in buffers if b.lifetime.start <= s < b.lifetime.end)
        for buffers in (buffers_of(FORK, own), buffers_of(FORK, best.schedule))
        for s in range(5)
    ]
    assert re.search(r"^alive +" + " +".join(map(str, alive)) + "$", page, re.M)
    assert f"`{list(best.schedule.op_order)}`" in page
    made = plan(FORK, load("npu6m"))
    assert f"arena is {made.arena_bytes} bytes instead of {peak_bytes(FORK, own, 16)}" in page
    assert f"is {any_order_bytes(flow_of(FORK, 16))} (a, with x" in page
    assert (made.schedule, made.order_proof) == (best.schedule, "search")


def test_on_ties_of_the_arena_the_plan_keeps_the_order_of_the_file(monkeypatch):
    mirrored = Ordering(of_ops([1, 0, 3, 2, 4]), 704, 416, Proof.NONE)
    monkeypatch.setattr(
        import_module("memory_planner.plan"), "order", lambda graph, alignment_bytes: mirrored
    )
    made = plan(FORK, load("npu6m"))
    assert (made.schedule, made.arena_bytes) == (file_order(FORK), 704)
    assert (made.order_lower_bound_bytes, made.order_proof) == (416, Proof.NONE)
