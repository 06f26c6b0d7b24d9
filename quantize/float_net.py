"""The float model as TensorFlow Lite has it, BatchNorm folded: its graph, its activations."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graph import tflite
from graph.types import Graph
from quantize.float_model import FloatModel

Activations = dict[int, NDArray[np.float32]]


@dataclass(frozen=True, slots=True, eq=False)
class FloatNet:
    """The converter's float network, whose operators are those of the int8 one."""

    blob: bytes
    graph: Graph = field(repr=False)

    def activations(
        self, inputs: NDArray[np.float32], wanted: tuple[int, ...] | None = None
    ) -> Iterator[Activations]:
        """Activations by tensor, those `wanted` or all, of one picture after the other.

        The same bits on any number of cores.

        Shapes: inputs (N, RES, RES, 3); each activation as the graph has it.
        """
        own = threading.local()

        def infer(picture: NDArray[np.float32]) -> Activations:
            if not hasattr(own, "interpreter"):
                own.interpreter = _interpreter(self.blob)
            own.interpreter.set_tensor(self.graph.inputs[0], picture[None])
            own.interpreter.invoke()
            return {i: own.interpreter.get_tensor(i) for i in (wanted or self.tensors())}

        workers = len(os.sched_getaffinity(0))
        with ThreadPoolExecutor(workers) as pool:
            for start in range(0, len(inputs), workers):
                yield from pool.map(infer, inputs[start : start + workers])

    def tensors(self) -> tuple[int, ...]:
        """The activations: what the graph takes, and what its operators write."""
        return (*self.graph.inputs, *(i for op in self.graph.ops for i in op.outputs))


def of_model(model: FloatModel) -> FloatNet:
    """Convert without quantizing, with the batch fixed to 1."""
    import tensorflow as tf
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2 as freeze

    converter = tf.lite.TFLiteConverter.from_concrete_functions([freeze(model.function(batch=1))])
    blob = bytes(converter.convert())
    return FloatNet(blob, tflite.read(blob))


def _interpreter(blob: bytes) -> Any:
    """Plain kernels on one thread: a delegate would keep the inner activations to itself."""
    import warnings

    import tensorflow as tf

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*tf.lite.Interpreter is deprecated", category=UserWarning)
        interpreter = tf.lite.Interpreter(
            model_content=blob,
            num_threads=1,
            experimental_preserve_all_tensors=True,
            experimental_op_resolver_type=tf.lite.experimental.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
        )
    interpreter.allocate_tensors()
    return interpreter
