"""The oracles' side, a script run in a process of its own: oracles crash, and no two can share a process.

    python oracle_worker.py ORACLE REQUEST.npz REPLY.npz

Request, for jobs 0, 1, ...: `<job>/model` (bytes of a .tflite), `<job>/input/<position>` (samples stacked
along a new first axis), `<job>/tensors` (indices to record). Reply: `version`; `<job>/tensor/<index>`
(stacked the same way), `<job>/why/<index>` where a tensor cannot be read, `<job>/error` where the oracle
refuses the model.
It exits with MISSING_PACKAGE where the oracle is not installed.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import metadata
from typing import Any

import numpy as np

MISSING_PACKAGE = 3
TFLM_ARENA_SLACK_BYTES = 16 << 20

Read = Callable[[int], np.ndarray]
Infer = Callable[[list[np.ndarray]], Read]
"""Runs one sample and gives a reader of tensors by index."""


def load_tflm(model: bytes) -> Infer:
    """TensorFlow Lite Micro, keeping every tensor; reset before each sample, so that state starts at zero."""
    from tflite_micro.python.tflite_micro import runtime

    arena_bytes = TFLM_ARENA_SLACK_BYTES + 40 * len(model)
    config = runtime.InterpreterConfig.kPreserveAllTensors
    interpreter = runtime.Interpreter.from_bytes(model, arena_size=arena_bytes, intrepreter_config=config)

    def infer(arrays: list[np.ndarray]) -> Read:
        interpreter.reset()
        for position, array in enumerate(arrays):
            interpreter.set_input(array, position)
        interpreter.invoke()
        return lambda index: np.array(interpreter.GetTensor(index, 0)["tensor_data"])

    return infer


def _litert() -> tuple[str, Any]:
    try:
        from ai_edge_litert import interpreter

        return "ai-edge-litert", interpreter
    except ImportError:
        from tflite_runtime import interpreter

        return "tflite-runtime", interpreter


def load_tflite_ref(model: bytes) -> Infer:
    """TFLite's reference kernels, from LiteRT, or from tflite-runtime where LiteRT is not installed."""
    _, module = _litert()
    interpreter = module.Interpreter(
        model_content=model,
        num_threads=1,
        experimental_op_resolver_type=module.OpResolverType.BUILTIN_REF,
        experimental_preserve_all_tensors=True,
    )
    return _invoking(interpreter)


def load_xnnpack(model: bytes) -> Infer:
    """LiteRT as `Interpreter(...)` gives it: the XNNPACK delegate, and optimized kernels for what it leaves.

    Of what the delegate takes over, only the model's outputs can be read.
    """
    from ai_edge_litert import interpreter

    return _invoking(interpreter.Interpreter(model_content=model, num_threads=1))


def _invoking(interpreter: Any) -> Infer:
    interpreter.allocate_tensors()
    slots = [detail["index"] for detail in interpreter.get_input_details()]

    def infer(arrays: list[np.ndarray]) -> Read:
        interpreter.reset_all_variables()
        for slot, array in zip(slots, arrays, strict=True):
            interpreter.set_tensor(slot, array)
        interpreter.invoke()
        return interpreter.get_tensor

    return infer


ORACLES: dict[str, Callable[[bytes], Infer]] = {
    "tflm": load_tflm,
    "tflite-ref": load_tflite_ref,
    "xnnpack": load_xnnpack,
}


def version_of(oracle: str) -> str:
    """The package and version whose bits these are."""
    packages = {"tflm": lambda: "tflite-micro", "xnnpack": lambda: "ai-edge-litert"}
    package = packages.get(oracle, lambda: _litert()[0])()
    return f"{package} {metadata.version(package)}"


def record(infer: Infer, inputs: list[np.ndarray], wanted: list[int]) -> dict[str, np.ndarray]:
    """Every wanted tensor of every sample, or why it cannot be read."""
    kept: dict[int, list[np.ndarray]] = {index: [] for index in wanted}
    why: dict[int, str] = {}
    for sample in range(len(inputs[0]) if inputs else 1):
        read = infer([array[sample] for array in inputs])
        for index in wanted:
            try:
                kept[index].append(np.array(read(index)))
            except (ValueError, RuntimeError, TypeError, KeyError) as error:
                why[index] = str(error).splitlines()[0] if str(error) else type(error).__name__
    answer = {f"tensor/{i}": np.stack(values) for i, values in kept.items() if i not in why}
    return answer | {f"why/{i}": np.array(reason) for i, reason in why.items()}


def answer_job(oracle: str, request: Any, job: int) -> dict[str, np.ndarray]:
    """The reply's entries for one job."""
    inputs = sorted(
        (k for k in request.files if k.startswith(f"{job}/input/")), key=lambda k: int(k.split("/")[2])
    )
    try:
        infer = ORACLES[oracle](request[f"{job}/model"].tobytes())
        answer = record(infer, [request[k] for k in inputs], request[f"{job}/tensors"].tolist())
    except (RuntimeError, ValueError, TypeError) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        answer = {"error": np.array(reason)}
    return {f"{job}/{key}": value for key, value in answer.items()}


def main(oracle: str, request_path: str, reply_path: str) -> int:
    """Answer every job; the exit code."""
    try:
        version = version_of(oracle)
    except (ImportError, metadata.PackageNotFoundError):
        return MISSING_PACKAGE
    with np.load(request_path) as request:
        jobs = sum(key.endswith("/model") for key in request.files)
        reply: dict[str, np.ndarray] = {"version": np.array(version)}
        for job in range(jobs):
            reply |= answer_job(oracle, request, job)
    np.savez(reply_path, **reply)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
