"""Random sets of buffers, what a packing of them may not break, and the smallest arena by trying all."""

from itertools import combinations, product

from hypothesis import strategies as st

from memory_planner.types import Buffer, Lifetime, aligned


@st.composite
def buffer_sets(draw, max_buffers=6):
    """Random sizes and lifetimes over a few steps."""
    rows = draw(
        st.lists(st.tuples(st.integers(1, 64), st.integers(0, 5), st.integers(1, 4)), max_size=max_buffers)
    )
    return [Buffer(i, size, Lifetime(start, start + steps)) for i, (size, start, steps) in enumerate(rows)]


@st.composite
def separated_sets(draw, max_buffers=6):
    """Random buffers, and random least separations for some of the ordered pairs."""
    buffers = draw(buffer_sets(max_buffers))
    pairs = [(i, j) for i in range(len(buffers)) for j in range(len(buffers)) if i != j]
    chosen = draw(st.lists(st.sampled_from(pairs), unique=True, max_size=8)) if pairs else []
    return buffers, {pair: draw(st.integers(-40, 80)) for pair in chosen}


@st.composite
def cut_sets(draw, most=30):
    """A rectangle of steps and bytes, cut into buffers again and again: all fit its height, with no hole."""
    steps, height = draw(st.sampled_from([6, 10, 16])), draw(st.sampled_from([8, 16, 30]))
    parts = [(0, steps, 0, height)]
    for _ in range(draw(st.integers(0, most))):
        start, end, low, high = parts.pop(draw(st.integers(0, len(parts) - 1)))
        if draw(st.booleans()) and end - start > 1:
            middle = draw(st.integers(start + 1, end - 1))
            parts += [(start, middle, low, high), (middle, end, low, high)]
        elif high - low > 1:
            middle = draw(st.integers(low + 1, high - 1))
            parts += [(start, end, low, middle), (start, end, middle, high)]
        else:
            parts.append((start, end, low, high))
    rows = draw(st.permutations(parts))
    return height, [Buffer(i, high - low, Lifetime(*time)) for i, (*time, low, high) in enumerate(rows)]


def together(a, b):
    """Whether the two share a step."""
    return max(a.lifetime.start, b.lifetime.start) < min(a.lifetime.end, b.lifetime.end)


def faults(buffers, offsets, alignment, separations=()):
    """Pairs that lie closer than they may, either way round, and buffers that are misplaced."""
    separations = dict(separations)
    found = [i for i, offset in enumerate(offsets) if offset < 0 or offset % alignment]
    for i, j in combinations(range(len(buffers)), 2):
        if together(buffers[i], buffers[j]):
            j_above = offsets[j] - offsets[i] >= separations.get((i, j), buffers[i].size_bytes)
            i_above = offsets[i] - offsets[j] >= separations.get((j, i), buffers[j].size_bytes)
            if not j_above and not i_above:
                found.append((i, j))
    return found


def smallest_arena(buffers, alignment, separations=()):
    """The smallest arena of all, over every choice of who lies above whom."""
    separations = dict(separations)
    pairs = [(i, j) for i, j in combinations(range(len(buffers)), 2) if together(buffers[i], buffers[j])]
    sizes = [aligned(b.size_bytes, alignment) for b in buffers]
    best = sum(sizes) + sum(aligned(max(0, s), alignment) for s in separations.values())
    for ways in product([False, True], repeat=len(pairs)):
        arcs = [pair[::-1] if way else pair for pair, way in zip(pairs, ways, strict=True)]
        least = [(i, j, aligned(separations.get((i, j), buffers[i].size_bytes), alignment)) for i, j in arcs]
        best = min(best, _lowest(sizes, least, best))
    return best


def _lowest(sizes, least, limit):
    """The arena where `offset[j] >= offset[i] + gap` for each (i, j, gap); at most `limit`."""
    offsets = [0] * len(sizes)
    changed = True
    while changed:
        changed = False
        for i, j, gap in least:
            if offsets[j] < offsets[i] + gap:
                offsets[j] = offsets[i] + gap
                changed = True
        if any(o + size >= limit for o, size in zip(offsets, sizes, strict=True)):
            return limit
    return max((o + size for o, size in zip(offsets, sizes, strict=True)), default=0)
