"""What TensorFlow Lite Micro is given: the model with its plan inside, arena sizes, the plan as a struct."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from graph import file_facts, tflite
from graph.errors import ModelError
from graph.offline_plan import with_offline_plan
from graph.types import Graph
from memory_planner.tflm.arena import Arena, arena_of, prepared, requirements
from memory_planner.tflm.greedy import greedy_offsets
from memory_planner.tflm.layout import ABIS, HOST
from memory_planner.tflm.planning import tflm_plan


@dataclass(frozen=True, slots=True)
class BufferPlan:
    """The plan as `tflite::BufferPlan` has it, for a model that carries none.

    `offsets` of the first `tensors` buffers, which are activations in the file's order, then of scratch
    buffers in the order in which kernels ask for them. `model_offset` is where in the planned file the same
    model begins without its plan: the runtime refuses both at a time.

    Source: tflite-micro memory_plan_struct.h BufferPlan; micro_allocator.cc CreatePlan.
    """

    model_offset: int
    tensors: int
    offsets: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class TflmForm:
    """`planned` is the model, its operators in the plan's order, with OfflineMemoryAllocation.

    `arenas` by ABI; the head is the same under each.
    """

    planned: bytes
    head_bytes: int
    lower_bound_bytes: int
    algorithm: str
    order: tuple[int, ...]
    arenas: Mapping[str, Arena]
    buffer_plan: BufferPlan | None

    def record(self) -> dict[str, Any]:
        """What the manifest says of it."""
        return {
            "file": "planned.tflite",
            "head_bytes": self.head_bytes,
            "lower_bound_bytes": self.lower_bound_bytes,
            "algorithm": self.algorithm,
            "order": list(self.order),
            "tensor_arena": {
                name: {
                    "arena_bytes": arena.arena_bytes,
                    "head_bytes": arena.head_bytes,
                    "tail_bytes": arena.tail_bytes,
                    "sources": ABIS[name].sources,
                }
                for name, arena in self.arenas.items()
            },
            "buffer_plan": asdict(self.buffer_plan) if self.buffer_plan else None,
        }


@dataclass(frozen=True, slots=True)
class Unplanned:
    """Why there is no plan for the runtime, in one line."""

    why: str


def tflm_form(graph: Graph, blob: bytes) -> TflmForm | Unplanned:
    """The plan with the smallest head, in each form; Unplanned where a kernel's needs are not known."""
    try:
        made = tflm_plan(graph, file_facts.read(blob))
        planned = with_offline_plan(blob, made.plan.schedule.op_order, made.offline_offsets)
        arenas = {name: arena_of(planned, abi) for name, abi in ABIS.items()}
        buffer_plan = _buffer_plan(planned, len(planned) - len(blob))
    except ModelError as error:
        return Unplanned(str(error))
    return TflmForm(
        planned=planned,
        head_bytes=made.plan.arena_bytes,
        lower_bound_bytes=made.plan.lower_bound_bytes,
        algorithm=made.plan.algorithm,
        order=made.plan.schedule.op_order,
        arenas=arenas,
        buffer_plan=buffer_plan,
    )


def _buffer_plan(planned: bytes, front_bytes: int) -> BufferPlan | None:
    """Where the runtime lays each buffer of a planned file; None where its plan overwrote one of the file's.

    What carries the plan stands in front of the file, which stays a model without it.
    """
    if front_bytes == 0:
        return None
    graph, facts = tflite.read(planned), file_facts.read(planned)
    tensors, wanted = requirements(graph, facts, [p.scratch for p in prepared(graph, facts, HOST)])
    return BufferPlan(front_bytes, len(tensors), greedy_offsets(wanted))
