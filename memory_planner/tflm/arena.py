"""What TensorFlow Lite Micro's tensor arena must be for a model, by its own rules; nothing is run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from graph import file_facts, tflite
from graph.errors import UnsupportedOperatorError
from graph.file_facts import FileFacts
from graph.types import DType, Graph, Op
from memory_planner.tflm.greedy import ONLINE, Requirement, greedy_offsets, height_bytes
from memory_planner.tflm.kernels import KERNELS
from memory_planner.tflm.layout import Abi
from memory_planner.tflm.preparation import Preparation, tensor_structs
from memory_planner.tflm.requests import (
    ALIGNMENT_BYTES,
    PLANNER_BYTES_PER_BUFFER,
    Part,
    Request,
    Verb,
    needed_bytes,
    tails,
)
from memory_planner.tflm.structs import extent
from memory_planner.types import aligned

MAX_SCRATCH_PER_OP = 12
"""The head keeps room for so many while operators prepare.

Source: micro_allocator.cc kMaxScratchBuffersPerOp.
"""
_UNUSED = -1


@dataclass(frozen=True, slots=True)
class KernelNeeds:
    """One operator: its parsed options and its kernel's data in the tail, its scratch buffers in the head."""

    op: int
    kind: str
    options_bytes: int
    data_bytes: int
    scratch_bytes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Arena:
    """`arena_bytes` is the smallest that suffices for an array aligned to 16 bytes; one byte less does not.

    `head_bytes` and `tail_bytes` are what the runtime tells of an arena whose size is a multiple of 16;
    their sum is less than `arena_bytes` where preparing operators takes more than running them. `parts`:
    the tail by what it is for, `alignment` what lies between. `accepted_bytes` is less than `arena_bytes`
    in a few tiny models: the runtime may accept it, but kernels' data overwrites structs still in use.
    """

    arena_bytes: int
    accepted_bytes: int
    head_bytes: int
    tail_bytes: int
    parts: dict[str, int]
    kernels: tuple[KernelNeeds, ...]


def prepared(graph: Graph, facts: FileFacts, abi: Abi) -> list[Preparation]:
    """What each operator's kernel asks for.

    Raises: UnsupportedOperatorError where a kernel's sizes are not known, or it does not take the operator.
    """
    return [_prepared(graph, facts, abi, op) for op in graph.ops]


def _prepared(graph: Graph, facts: FileFacts, abi: Abi, op: Op) -> Preparation:
    preparation = Preparation(graph, facts, abi, op)
    kernel = KERNELS.get(op.kind)
    if kernel is None:
        raise UnsupportedOperatorError(
            f"{op}: no kernel of TensorFlow Lite Micro is known for it; its arena cannot be told"
        )
    if kernel.types and preparation.tensor("i0") >= 0:
        dtype = preparation.dtype("i0").value
        preparation.hold(dtype in kernel.types.split(), f"{dtype} input")
    try:
        kernel.run(preparation)
    except IndexError:
        preparation.hold(False, "operands of these shapes")
    preparation.hold(len(preparation.scratch) <= MAX_SCRATCH_PER_OP, "so many scratch buffers")
    return preparation


def stored_bytes(shape: Sequence[int], dtype: DType) -> int:
    """Bytes of a tensor in the arena: what is smaller than a byte takes a byte.

    Source: memory_helpers.cc TfLiteTypeSizeOf.
    """
    return prod(shape) * max(dtype.bits // 8, 1)


def requirements(
    graph: Graph, facts: FileFacts, scratch: Sequence[Sequence[int]]
) -> tuple[list[int], list[Requirement]]:
    """Tensors (by index) that the planner places; what it knows of them and, after them, of scratch buffers.

    Step 0 is before the first operator; a tensor that nothing uses stands at step -1.

    Source: micro_allocation_info.cc InitializeAllocationInfo, MarkAllocationLifetimes.
    """
    first = dict.fromkeys(graph.inputs, 0)
    last = dict.fromkeys(graph.inputs, 0)
    for step, op in enumerate(graph.ops, 1):
        for index in op.outputs:
            first.setdefault(index, step)
        last.update(dict.fromkeys((*op.inputs, *op.outputs), step))
    for index in graph.outputs:
        first.setdefault(index, len(graph.ops))
        last[index] = len(graph.ops)
    tensors, found = [], []
    for tensor in graph.tensors:
        size = stored_bytes(facts.shapes[tensor.index], tensor.dtype)
        offset = facts.offline_offsets[tensor.index] if facts.offline_offsets else ONLINE
        placed = not tensor.is_constant and not tensor.is_variable and size
        if placed or (tensor.is_variable and offset != ONLINE):
            when = first.get(tensor.index, _UNUSED), last.get(tensor.index, _UNUSED)
            tensors.append(tensor.index)
            found.append(Requirement(aligned(size, ALIGNMENT_BYTES), *when, offset))
    for step, sizes in enumerate(scratch, 1):
        found += [Requirement(aligned(size, ALIGNMENT_BYTES), step, step) for size in sizes]
    return tensors, found


def arena(graph: Graph, facts: FileFacts, abi: Abi) -> Arena:
    """The arena of `graph` under `abi`.

    Raises: UnsupportedOperatorError, as `prepared`.
    Source: micro_interpreter.cc AllocateTensors; micro_allocator.cc.
    """
    kernels = prepared(graph, facts, abi)
    _, wanted = requirements(graph, facts, [p.scratch for p in kernels])
    head_bytes = height_bytes(wanted, greedy_offsets(wanted))
    asked = [
        *_begun(graph, abi),
        *_parsed(graph, abi),
        *_initialized(graph, abi),
        *_operators(kernels, abi),
        *_planned(graph, facts, abi, len(wanted), sum(len(p.scratch) for p in kernels)),
        Request(Verb.HEAD, head_bytes),
        *_border(graph, facts, abi),
    ]
    arena_bytes = needed_bytes(asked)
    taken = tails(asked, aligned(arena_bytes, ALIGNMENT_BYTES))
    return Arena(
        arena_bytes=arena_bytes,
        accepted_bytes=needed_bytes(asked, checked=False),
        head_bytes=head_bytes,
        tail_bytes=taken[-1],
        parts=_parts(asked, taken[-1]),
        kernels=_by_kernel(kernels, asked),
    )


def arena_of(blob: bytes, abi: Abi) -> Arena:
    """The arena of the model in a .tflite.

    Raises: ModelError where the bytes are no model, or TensorFlow Lite Micro does not prepare it.
    """
    return arena(tflite.read(blob), file_facts.read(blob), abi)


def _struct(
    verb: Verb, name: str, abi: Abi, part: Part = Part.ALLOCATOR, *, count: int = 1, op: int = -1
) -> Request:
    whole = extent(name, abi)
    return Request(verb, whole.size_bytes * count, whole.alignment_bytes, part, op)


def _scratch_table(abi: Abi, count: int) -> Request:
    return Request(Verb.HEAD, extent("ScratchBufferRequest", abi).size_bytes * (count + MAX_SCRATCH_PER_OP))


def _begun(graph: Graph, abi: Abi) -> list[Request]:
    prefix = "Recording" if abi.recording else ""
    return [
        _struct(Verb.TAIL, f"{prefix}SingleArenaBufferAllocator", abi),
        _struct(Verb.TAIL, "GreedyMemoryPlanner", abi),
        _struct(Verb.TAIL, f"{prefix}MicroAllocator", abi),
        _struct(Verb.TAIL, "MicroBuiltinDataAllocator", abi),
        _scratch_table(abi, 0),
        _struct(Verb.TAIL, "SubgraphAllocations", abi),
        _struct(Verb.TAIL, "TfLiteEvalTensor", abi, Part.TENSORS, count=len(graph.tensors)),
        _struct(Verb.TAIL, "NodeAndRegistration", abi, Part.NODES, count=len(graph.ops)),
    ]


def _parsed(graph: Graph, abi: Abi) -> list[Request]:
    structs = [(op.index, KERNELS[op.kind].options) for op in graph.ops]
    return [_struct(Verb.TAIL, name, abi, Part.OPTIONS, op=op) for op, name in structs if name]


def _initialized(graph: Graph, abi: Abi) -> list[Request]:
    structs = [(op.index, KERNELS[op.kind].state) for op in graph.ops]
    return [
        Request(Verb.TAIL, extent(name, abi).size_bytes, ALIGNMENT_BYTES, Part.KERNELS, op)
        for op, name in structs
        if name
    ]


def _operators(kernels: Sequence[Preparation], abi: Abi) -> list[Request]:
    found, scratches = [], 0
    for preparation in kernels:
        scratches += len(preparation.scratch)
        found += [*preparation.requests, Request(Verb.RESET), _scratch_table(abi, scratches)]
    return found


def _planned(graph: Graph, facts: FileFacts, abi: Abi, buffers: int, scratches: int) -> list[Request]:
    found = []
    if scratches:
        found.append(_struct(Verb.TAIL, "ScratchBufferHandle", abi, Part.SCRATCH_HANDLES, count=scratches))
    found.append(Request(Verb.TEMP, abi.pointer_bytes, abi.pointer_bytes))
    found.append(_struct(Verb.TEMP, "AllocationInfo", abi, count=len(graph.tensors) + scratches))
    for tensor in graph.tensors:
        offline = facts.offline_offsets is not None and facts.offline_offsets[tensor.index] != ONLINE
        if tensor.is_variable and not offline:
            size = stored_bytes(facts.shapes[tensor.index], tensor.dtype)
            found.append(Request(Verb.TAIL, size, ALIGNMENT_BYTES, Part.VARIABLES))
    return [*found, Request(Verb.PLAN, PLANNER_BYTES_PER_BUFFER * buffers), Request(Verb.RESET)]


def _border(graph: Graph, facts: FileFacts, abi: Abi) -> list[Request]:
    found = []
    for ends in (graph.inputs, graph.outputs):
        found.append(Request(Verb.TAIL, abi.pointer_bytes * len(ends), ALIGNMENT_BYTES, Part.BORDER_POINTERS))
        for tensor in ends:
            found += tensor_structs(tensor, facts, abi, Verb.TAIL)
    return found


def _parts(asked: Sequence[Request], tail_bytes: int) -> dict[str, int]:
    kept = [r for r in asked if r.verb is Verb.TAIL]
    parts = {part.value: sum(r.size_bytes for r in kept if r.part is part) for part in Part}
    return {**parts, "alignment": tail_bytes - sum(parts.values())}


def _by_kernel(kernels: Sequence[Preparation], asked: Sequence[Request]) -> tuple[KernelNeeds, ...]:
    def kept(op: int, part: Part) -> int:
        return sum(r.size_bytes for r in asked if r.verb is Verb.TAIL and r.op == op and r.part is part)

    return tuple(
        KernelNeeds(
            op=p.op.index,
            kind=p.op.kind.value,
            options_bytes=kept(p.op.index, Part.OPTIONS),
            data_bytes=kept(p.op.index, Part.KERNELS),
            scratch_bytes=tuple(p.scratch),
        )
        for p in kernels
    )
