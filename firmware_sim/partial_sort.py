"""The order in which a C++ library's partial sort leaves equal elements."""

from __future__ import annotations

from collections.abc import Sequence


def decreasing_partial_argsort(values: Sequence[float], count: int) -> list[int]:
    """Places of the `count` largest, largest first; equal ones as libstdc++'s std::partial_sort leaves them.

    A heap of the first `count` places, whose top is the smallest value; each further place that is larger
    replaces the top; then the heap is sorted. One place is the first of the largest, found without a heap.

    >>> decreasing_partial_argsort([1.0, 1.0, 2.0, 1.0], 1), decreasing_partial_argsort([1.0] * 5, 4)
    ([2], [1, 3, 0, 2])

    Source: libstdc++ bits/stl_heap.h, bits/stl_algo.h __heap_select; TFLite detection_postprocess.cc.
    """
    if count == 1:
        return [values.index(max(values))]
    heap = list(range(count))
    for parent in range((count - 2) // 2, -1, -1):
        _sift(heap, parent, count, heap[parent], values)
    for place in range(count, len(values)):
        if values[place] > values[heap[0]]:
            _sift(heap, 0, count, place, values)
    for last in range(count - 1, 0, -1):
        place, heap[last] = heap[last], heap[0]
        _sift(heap, 0, last, place, values)
    return heap


def _sift(heap: list[int], hole: int, length: int, place: int, values: Sequence[float]) -> None:
    """The hole sinks to the bottom along the smaller children, then `place` rises from there."""
    top, child = hole, hole
    while child < (length - 1) // 2:
        child = 2 * (child + 1)
        if values[heap[child]] > values[heap[child - 1]]:
            child -= 1
        heap[hole], hole = heap[child], child
    if length % 2 == 0 and child == (length - 2) // 2:
        child = 2 * child + 1
        heap[hole], hole = heap[child], child
    while hole > top and values[heap[(hole - 1) // 2]] > values[place]:
        heap[hole], hole = heap[(hole - 1) // 2], (hole - 1) // 2
    heap[hole] = place
