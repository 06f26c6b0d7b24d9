"""A network in C: its files as text, from a graph and a plan."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from export.c import sections
from export.c.emitted import Array, Emitted, initializer
from export.c.operators import emitted, with_known
from export.c.steps import Job, Stage, Stages, rows_of
from export.errors import ExportError
from export.firmware import in_comment
from export.rendering import render
from graph.types import Graph
from memory_planner.types import Buffer, Plan, Role

TITLE = 40
PATCHES = 16
MOST_PATCH_BYTES = 4096
"""Of the stack, for copies of what several windows read; one is always copied whole."""
ALIGNMENT_BYTES = 16
"""Of arrays of bytes, so that kernels may read them by vectors; others have their type's."""


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """A graph and its plan, with every operator in C."""

    graph: Graph
    plan: Plan
    known: Graph
    operators: Mapping[int, Emitted]
    stages: tuple[Stage, ...]
    arrays: tuple[Array, ...]

    @property
    def constant_bytes(self) -> int:
        return sum(array.size_bytes for array in self.arrays)


def network(graph: Graph, plan: Plan) -> Network:
    """Every operator, step and constant.

    Raises: UnsupportedOperatorError, ExportError for what the emitted C does not have.
    """
    if any(tensor.is_variable for tensor in graph.tensors):
        raise ExportError("the model keeps state from one inference to the next; the emitted C has none")
    known, operators = with_known(graph), emitted(graph)
    for index in graph.outputs:
        if known.tensors[index].is_constant or index in graph.inputs:
            raise ExportError(f"output {graph.tensors[index].name} does not depend on what is computed")
    made = Stages(known, plan, operators)
    stages = made.all()
    arrays = [array for index in sorted(operators) for array in operators[index].arrays]
    arrays += [made.constants[index] for index in sorted(made.constants)]
    arrays += [array for need in _needs(stages) for array in need.arrays]
    return Network(graph, plan, known, operators, stages, tuple(arrays))


def _needs(stages: Iterable[Stage]) -> list[Any]:
    return [need for stage in stages for job in stage.jobs for need in job.needs]


def sources(made: Network, context: Mapping[str, Any]) -> dict[str, str]:
    """The folder's C: network, weights, kernels. `context` is what every template is given."""
    wanted = _sections(made)
    values = {**context, **_values(made, context["id"], context["macro"])}
    identifier = context["id"]
    values["declared"] = sections.declared(wanted, identifier, context["macro"])
    values["defined"] = sections.defined(wanted, identifier, context["macro"])
    files = {
        f"{identifier}.h": "model.h",
        f"{identifier}.c": "model.c",
        f"{identifier}_weights.h": "weights.h",
        f"{identifier}_weights.c": "weights.c",
        "kernels.h": "kernels.h",
        "kernels.c": "kernels.c",
        "main_check.c": "main_check.c",
        "Makefile": "Makefile",
        "CMakeLists.txt": "CMakeLists.txt",
    }
    return {name: render(f"c/{template}", **values) for name, template in files.items()}


def _sections(made: Network) -> set[str]:
    found: set[str] = set()
    for stage in made.stages:
        for job in stage.jobs:
            found |= {need.section for need in job.needs if need.section}
            of_sums = job.emitted.of_sums
            found |= {"sums", of_sums.kernel} if job.sums and of_sums else set(job.emitted.sections)
        found |= ({"runs"} if stage.streamed else set()) | ({"deliver"} if stage.delivered else set())
    return found


def _values(made: Network, identifier: str, macro: str) -> dict[str, Any]:
    stages = [_stage(made, stage, identifier) for stage in made.stages]
    sensor = next(
        (
            _sensor(made, stage, told)
            for stage, told in zip(made.stages, stages, strict=True)
            if stage.delivered
        ),
        None,
    )
    at = next((n for n, stage in enumerate(made.stages) if stage.delivered), 0)
    return {
        "constant_bytes": made.constant_bytes,
        "buffers": [_buffer(made, b, o) for b, o in zip(made.plan.buffers, made.plan.places, strict=True)],
        "structures": [
            {"op": made.graph.ops[index], "emitted": operator, "text": _structure(operator, identifier)}
            for index, operator in made.operators.items()
            if operator.members
        ],
        "needs": [
            {
                "name": _need_name(need),
                "c_type": need.c_type,
                "text": initializer(_named(need.members, need.arrays, identifier)),
            }
            for need in _needs(made.stages)
            if need.members
        ],
        "stages": stages,
        "before": [stage for stage in stages[:at] if stage["jobs"]],
        "after": [stage for stage in stages[at + 1 :] if stage["jobs"]],
        "sensor": sensor,
        "taps": max((operator.taps for operator in made.operators.values()), default=0),
        "depth": max((operator.depth for operator in made.operators.values()), default=0),
        "patch_bytes": _patch_bytes(made),
        "channels": max((operator.channels for operator in made.operators.values()), default=0),
        "arrays": [_array(array, identifier) for array in made.arrays],
    }


def _patch_bytes(made: Network) -> int:
    """Bytes of the stack that windows are copied to; 0 without convolutions."""
    convolutions = [o for o in made.operators.values() if "conv_2d" in o.sections]
    deepest = max((o.depth for o in convolutions if o.taps > 1), default=0)
    return max(deepest, min(PATCHES * deepest, MOST_PATCH_BYTES), int(bool(convolutions)))


def _array(array: Array, identifier: str) -> dict[str, Any]:
    plain = array.c_type.endswith("_t")
    return {
        "name": array.name,
        "c_type": array.c_type if plain else f"{identifier}_{array.c_type}",
        "count": len(array.values),
        "rows": array.rows,
        "alignment": ALIGNMENT_BYTES
        if array.c_type == "int8_t" and len(array.values) >= ALIGNMENT_BYTES
        else 4,
    }


def _structure(operator: Emitted, identifier: str) -> str:
    assert operator.members is not None
    return initializer(_named(operator.members, operator.arrays, identifier))


def _named(members: Mapping[str, Any] | None, arrays: Sequence[Array], identifier: str) -> dict[str, Any]:
    """Members with the network's name before those of arrays."""
    names = {array.name for array in arrays}

    def named(value: Any) -> Any:
        if isinstance(value, Mapping):
            return {key: named(inner) for key, inner in value.items()}
        return f"{identifier}_{value}" if value in names else value

    return {key: named(value) for key, value in (members or {}).items()}


def _buffer(made: Network, buffer: Buffer, offset: int) -> dict[str, Any]:
    tensor = made.graph.tensors[buffer.tensor]
    life = f"steps {buffer.lifetime.start} to {buffer.lifetime.end - 1}"
    if buffer.lifetime.end - buffer.lifetime.start == 1:
        life = f"step {buffer.lifetime.start}"
    kind = f"{tensor.dtype.value} {list(tensor.shape)}"
    what = {Role.WHOLE: "", Role.RING: "ring of the last pixels, ", Role.SUMS: "int32 sums, "}[buffer.role]
    return {
        "prefix": "SUMS" if buffer.role is Role.SUMS else "AT",
        "tensor": buffer.tensor,
        "offset": offset,
        "comment": f"{shown(tensor.name)}: {kind}, {what}{buffer.size_bytes} bytes, {life}",
    }


def shown(text: str) -> str:
    """A tensor's name in a C comment: the first of the operators that were fused, the end of it."""
    return in_comment(text.split(";")[0][-TITLE:])


def _stage(made: Network, stage: Stage, identifier: str) -> dict[str, Any]:
    function = f"{identifier}_step_{stage.number}"
    ops = [made.graph.ops[index] for index in stage.step.ops]
    how = ", run by run" if stage.streamed else ""
    back = ", from the last pixel to the first" if stage.step.backwards else ""
    lines = [
        f"operator {op.index}, {op.kind.value}: {_tensors(made, op.inputs)} -> {_tensors(made, op.outputs)}"
        + ("" if op.index in made.operators else "; known at export, nothing to do")
        for op in ops
    ]
    return {
        "number": stage.number,
        "title": ", ".join(dict.fromkeys(op.kind.value for op in ops)) + how + back,
        "lines": lines,
        "function": function,
        "state": f"{identifier}_stream" if stage.delivered else f"{function}_walk",
        "streamed": stage.streamed,
        "delivered": stage.delivered,
        "jobs": [_job(made, stage, job, identifier) for job in stage.jobs] if stage.jobs else [],
    }


def _tensors(made: Network, indices: Iterable[int]) -> str:
    read = [made.graph.tensors[i] for i in indices if i >= 0 and not made.graph.tensors[i].is_constant]
    return ", ".join(f"t{t.index} {list(t.shape)}" for t in read)


def _job(made: Network, stage: Stage, job: Job, identifier: str) -> dict[str, Any]:
    return {
        **{name: getattr(job, name) for name in ("op", "emitted", "ofm", "sources", "calls")},
        **{name: getattr(job, name) for name in ("pixels", "row", "run", "sums")},
        "needed": [
            {
                "maker": stage.makers[need.tensor].op.index if need.tensor in stage.makers else None,
                "text": need.expression.format(f"&{identifier}_{_need_name(need)}", prefix=identifier),
                "row": rows_of(made.graph.tensors[need.tensor])[1],
            }
            for need in job.needs
        ],
    }


def _need_name(need: Any) -> str:
    return f"need_{need.name}"


def _sensor(made: Network, stage: Stage, told: Mapping[str, Any]) -> dict[str, Any]:
    """What the functions that take rows are written from."""
    (view,) = stage.delivered
    rows, row = rows_of(made.graph.tensors[view.tensor])
    last = stage.jobs[-1]
    return {
        "rows": rows,
        "row": row,
        "row_bytes": row * view.pixel_bytes,
        "view": view,
        "function": told["function"],
        "jobs": stage.jobs,
        "last": last.op.index,
        "pixels": last.ofm.pixels,
        "raster": last.pixels,
    }
