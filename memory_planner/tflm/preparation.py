"""What one operator's kernel asks for while it prepares, by the calls of TensorFlow Lite Micro's context."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import prod

from graph.errors import UnsupportedOperatorError
from graph.file_facts import FileFacts
from graph.types import DType, Graph, Op
from memory_planner.tflm.layout import Abi
from memory_planner.tflm.requests import ALIGNMENT_BYTES, Part, Request, Verb
from memory_planner.tflm.structs import extent

INT_BYTES = 4


def int_array_bytes(count: int) -> int:
    """A TfLiteIntArray: its length and its elements. Source: common.cc TfLiteIntArrayGetSizeInBytes."""
    return INT_BYTES * (1 + count)


@dataclass(slots=True)
class Preparation:
    """One operator, what its kernel asked for so far, and what it reads to decide.

    `scratch` are bytes of requested scratch buffers, in order.
    """

    graph: Graph
    facts: FileFacts
    abi: Abi
    op: Op
    requests: list[Request] = field(default_factory=list)
    scratch: list[int] = field(default_factory=list)

    def tensor(self, name: str) -> int:
        """The tensor `i0` (first input), `o0` (first output); -1 where it is left out."""
        ends, position = (self.op.inputs if name[0] == "i" else self.op.outputs), int(name[1:])
        return ends[position] if position < len(ends) else -1

    def shape(self, name: str) -> tuple[int, ...]:
        return self.facts.shapes[self.tensor(name)]

    def elements(self, name: str) -> int:
        return prod(self.shape(name))

    def dtype(self, name: str) -> DType:
        return self.graph.tensors[self.tensor(name)].dtype

    def quantized_channels(self, name: str) -> int:
        return self.facts.quantized_channels[self.tensor(name)]

    def temps(self, names: str) -> None:
        """Look at tensors: each takes a struct of temporary bytes, until the operator is prepared."""
        for name in names.split():
            if self.tensor(name) >= 0:
                self.requests += tensor_structs(
                    self.tensor(name), self.facts, self.abi, Verb.TEMP, self.op.index
                )

    def keep(self, size_bytes: int) -> None:
        """AllocatePersistentBuffer."""
        self.requests.append(Request(Verb.TAIL, size_bytes, ALIGNMENT_BYTES, Part.KERNELS, self.op.index))

    def keep_struct(self, name: str) -> None:
        self.keep(extent(name, self.abi).size_bytes)

    def keep_dims(self, name: str) -> None:
        """Dimensions that the kernel writes anew. Source: kernel_util.cc CreateWritableTensorDimsWithCopy."""
        self.keep(int_array_bytes(len(self.shape(name))))

    def ask(self, size_bytes: int) -> None:
        """RequestScratchBufferInArena."""
        self.scratch.append(size_bytes)

    def hold(self, condition: bool, what: str) -> None:
        """Refuse the model as the kernel does.

        Raises: UnsupportedOperatorError where `condition` does not hold.
        """
        if not condition:
            raise UnsupportedOperatorError(f"{self.op}: TensorFlow Lite Micro does not run it with {what}")


def tensor_structs(tensor: int, facts: FileFacts, abi: Abi, verb: Verb, op: int = -1) -> Sequence[Request]:
    """A TfLiteTensor, and its quantization where it has scales and zero points.

    Source: micro_allocator.cc InitializeTfLiteTensorFromFlatbuffer.
    """
    whole, channels = extent("TfLiteTensor", abi), facts.quantized_channels[tensor]
    found = [Request(verb, whole.size_bytes, whole.alignment_bytes, Part.BORDER, op)]
    if channels:
        affine = extent("TfLiteAffineQuantization", abi)
        found.append(Request(verb, affine.size_bytes, affine.alignment_bytes, Part.QUANTIZATION, op))
        found.append(Request(verb, int_array_bytes(channels), INT_BYTES, Part.QUANTIZATION, op))
    return found
