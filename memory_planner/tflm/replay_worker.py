"""Two models on TensorFlow Lite Micro with the same inputs, a script run in a process of its own.

    python replay_worker.py ORIGINAL PLANNED SAMPLES SEED

Prints a line for each sample, then as JSON how many gave other outputs, and the first that did. It stands
alone (no import of ours) because the runtime may end the process that it lives in. It exits with
MISSING_PACKAGE where the runtime is not installed. State is not reset between samples: what one leaves behind
reaches the next.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

MISSING_PACKAGE = 3
ARENA_SLACK_BYTES = 16 << 20


def load(runtime: Any, path: str) -> Any:
    """The planner's own arena: nothing but the file says where tensors lie."""
    model = Path(path).read_bytes()
    return runtime.Interpreter.from_bytes(model, arena_size=ARENA_SLACK_BYTES + 40 * len(model))


def ends(details: Any) -> list[dict[str, Any]]:
    """Details of inputs or outputs, in order, until there are no more."""
    found: list[dict[str, Any]] = []
    while True:
        try:
            found.append(details(len(found)))
        except (IndexError, ValueError):
            return found


def sample(rng: np.random.Generator, detail: dict[str, Any], number: int) -> np.ndarray:
    """All lowest, all highest, then all values alike; of wide integers, which may be indices, 0 and 1."""
    dtype, shape = np.dtype(detail["dtype"]), tuple(detail["shape"])
    if dtype == np.bool_ or (dtype.kind in "iu" and dtype.itemsize > 2):
        return rng.integers(0, 2, shape).astype(dtype)
    if dtype.kind == "f":
        return rng.normal(0, 1 << (number % 4), shape).astype(dtype)
    lowest, highest = np.iinfo(dtype).min, np.iinfo(dtype).max
    if number < 2:
        return np.full(shape, (lowest, highest)[number], dtype)
    return rng.integers(lowest, highest + 1, shape).astype(dtype)


def outputs(interpreter: Any, inputs: list[np.ndarray], count: int) -> list[bytes]:
    """The bytes of every output for one sample."""
    for position, array in enumerate(inputs):
        interpreter.set_input(array, position)
    interpreter.invoke()
    return [np.array(interpreter.get_output(i)).tobytes() for i in range(count)]


def compare(runtime: Any, original: str, planned: str, samples: int, seed: int) -> dict[str, Any]:
    """How many samples part, and the first of them."""
    rng = np.random.default_rng(seed)
    sides = [load(runtime, path) for path in (original, planned)]
    given, count = ends(sides[0].get_input_details), len(ends(sides[0].get_output_details))
    different: list[int] = []
    for number in range(samples):
        inputs = [sample(rng, detail, number) for detail in given]
        one, other = (outputs(side, inputs, count) for side in sides)
        if one != other:
            different.append(number)
        sys.stdout.write("\n")
        sys.stdout.flush()
    return {"samples": samples, "different": len(different), "first": different[0] if different else None}


def main(original: str, planned: str, samples: str, seed: str) -> int:
    """Print the answer; the exit code."""
    try:
        from tflite_micro import runtime
    except ImportError:
        return MISSING_PACKAGE
    sys.stdout.write(json.dumps(compare(runtime, original, planned, int(samples), int(seed))))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
