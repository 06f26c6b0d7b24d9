"""Run as a script: TensorFlow Lite Micro on inputs, in an arena of a given size.

    python tflm_run.py ARENA_BYTES MODEL INPUTS.npy OUTPUTS.npz

It stands alone (no import of ours) because the runtime may end the process that it lives in.
"""

import sys
from pathlib import Path

import numpy as np


def main(arena_bytes: str, model: str, given: str, made: str) -> None:
    """Each output by its number, with the samples stacked along a new first axis."""
    from tflite_micro import runtime

    interpreter = runtime.Interpreter.from_bytes(Path(model).read_bytes(), arena_size=int(arena_bytes))
    inputs, outputs = np.load(given), []
    for sample in inputs:
        interpreter.set_input(sample, 0)
        interpreter.invoke()
        found: list[np.ndarray] = []
        while True:
            try:
                found.append(np.array(interpreter.get_output(len(found))))
            except (IndexError, ValueError):
                break
        outputs.append(found)
    columns = zip(*outputs, strict=True)
    np.savez(made, **{str(k): np.stack(column) for k, column in enumerate(columns)})


if __name__ == "__main__":
    main(*sys.argv[1:])
