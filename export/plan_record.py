"""A plan as the manifest holds it, from which the same plan can be made again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from graph.types import Graph
from memory_planner.types import Buffer, Lifetime, Plan, Proof, Role, Schedule, Step


def recorded(graph: Graph, plan: Plan) -> dict[str, Any]:
    """Steps, buffers with their lifetimes, and where each lies.

    `offset` counts from the beginning of the buffer's own memory, `place` with the arenas of all memories
    laid one after another.
    """
    placed = zip(plan.buffers, plan.offsets, plan.places, plan.memories, strict=True)
    return {
        "algorithm": plan.algorithm,
        "arena_bytes": plan.arena_bytes,
        "lower_bound_bytes": plan.lower_bound_bytes,
        "alignment_bytes": plan.alignment_bytes,
        "proof": plan.proof.value,
        "order": list(plan.schedule.op_order),
        "steps": [_step(step) for step in plan.schedule.steps],
        "buffers": [
            {
                "tensor": buffer.tensor,
                "name": graph.tensors[buffer.tensor].name,
                "role": buffer.role.value,
                "size_bytes": buffer.size_bytes,
                "offset": offset,
                "place": place,
                "memory": memory,
                "start": buffer.lifetime.start,
                "end": buffer.lifetime.end,
            }
            for buffer, offset, place, memory in placed
        ],
    }


def _step(step: Step) -> dict[str, Any]:
    return {
        "operators": list(step.ops),
        "runs": list(step.runs),
        "backwards": step.backwards,
        "delivered": list(step.delivered),
    }


def read(record: Mapping[str, Any]) -> Plan:
    """The plan of a record, in one arena.

    Raises: KeyError, TypeError, ValueError for what is no record.
    """
    return Plan(
        schedule=Schedule(
            tuple(
                Step(
                    tuple(step["operators"]), tuple(step["runs"]), step["backwards"], tuple(step["delivered"])
                )
                for step in record["steps"]
            )
        ),
        buffers=tuple(
            Buffer(b["tensor"], b["size_bytes"], Lifetime(b["start"], b["end"]), Role(b["role"]))
            for b in record["buffers"]
        ),
        offsets=tuple(b["place"] for b in record["buffers"]),
        arena_bytes=record["arena_bytes"],
        lower_bound_bytes=record["lower_bound_bytes"],
        algorithm=record["algorithm"],
        alignment_bytes=record["alignment_bytes"],
        proof=Proof(record["proof"]),
    )
