"""How near to bytes of an input that are still needed an output may come, by order of access.

An operator walks forwards. Its input may lie d bytes above its output, d = offset[input] - offset[output],
where no byte is overwritten before its last read:

    d >= written(t) - needed(t)   at each time t at which reads are still to come
    written(t)   the end of what has been written by t
    needed(t)    the first byte of the input that is read at t or after it

What each function returns is the least d in bytes; it is below zero where reads run ahead of writes.
"""

from __future__ import annotations

import numpy as np

from memory_planner.reach import Reach


def elements_in_turn(count: int, input_bytes: int, output_bytes: int) -> int:
    """Element i is read, then element i is written.

    >>> elements_in_turn(8, 1, 1), elements_in_turn(8, 1, 4), elements_in_turn(8, 4, 1)
    (0, 21, -3)

    Units: bytes of an element.
    """
    steps = [1, count - 1] if count > 1 else []
    return max([step * (output_bytes - input_bytes) for step in steps], default=-count * input_bytes)


def all_reads_first(input_size_bytes: int) -> int:
    """Nothing is written before all is read: the two may lie in any way."""
    return -input_size_bytes


def windows_until_written(reach: Reach, input_bytes: int, output_bytes: int, element_bytes: int) -> int:
    """All that pixel p reads is needed until the last element of pixel p is written.

    Units: bytes of an input pixel, of an output pixel, of an output element.
    """
    kept = reach.kept
    ends = np.arange(1, reach.first.size + 1) * output_bytes
    during = ends - element_bytes - kept[:-1] * input_bytes
    after = ends - kept[1:] * input_bytes
    if output_bytes == element_bytes:
        during = during[:0]
    pending = [during[kept[: during.size] < reach.pixels], after[kept[1:] < reach.pixels]]
    return _largest(pending, reach.pixels * input_bytes)


def channels_in_turn(reach: Reach, channels: int, multiplier: int, element_bytes: int) -> int:
    """Of each pixel, channel after channel reads its own window and writes its `multiplier` elements.

    Within a pixel the end of what is written comes nearest to what is needed before the last read: all
    elements but one are written, and the window of the last channel is still to be read.

    Units: bytes of an element, of input and output alike.
    """
    wide, narrow = channels * element_bytes, channels * multiplier * element_bytes
    kept, ends = reach.kept, np.arange(1, reach.first.size + 1) * narrow
    reads = (reach.first <= reach.last) & (channels * multiplier > 1)
    last_window = reach.first * wide + (channels - 1) * element_bytes
    during = ends - element_bytes - last_window
    after = ends - kept[1:] * wide
    return _largest([during[reads], after[kept[1:] < reach.pixels]], reach.pixels * wide)


def padded_in_turn(count: int, last: int, element_bytes: int) -> int:
    """Output after output is written, `count` of them from an input each, the last of these is output `last`.

    >>> padded_in_turn(4, 10, 1)  # before input 3 is read, ten outputs are written
    7
    """
    nothing_pending = count == 1 and last == 0
    return -element_bytes if nothing_pending else (last - (count - 1)) * element_bytes


def _largest(pending: list[np.ndarray], input_size_bytes: int) -> int:
    """The least distance; where nothing is pending after any write, the two may lie in any way."""
    return max((int(times.max()) for times in pending if times.size), default=-input_size_bytes)
