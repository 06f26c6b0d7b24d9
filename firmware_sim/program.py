"""A graph and its plan, made ready to run: kernels checked, constants packed, once for many pictures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from firmware_sim import ops
from firmware_sim.numerics import Numerics
from firmware_sim.ops import xnnpack
from firmware_sim.ops.kernel import Kernel, Operands, Prepare
from graph.errors import ModelError, PlanError, UnsupportedOperatorError
from graph.op_kind import OpKind
from graph.types import Graph, Op
from memory_planner.types import Plan
from memory_planner.validator import validate


class Engine(StrEnum):
    """How to compute the same bits: by the definitions, or by what is held equal to them and sooner."""

    PLAIN = "plain"
    FAST = "fast"


@dataclass(frozen=True, slots=True, eq=False)
class Program:
    """What threads share; nothing in it changes. `kernels` by operator, on whole tensors."""

    graph: Graph
    plan: Plan
    kernels: dict[int, Kernel]
    constants: dict[int, np.ndarray]
    numerics: Numerics
    prepares: Mapping[OpKind, Prepare]


def prepare(
    graph: Graph,
    plan: Plan,
    *,
    numerics: Numerics = Numerics.TFLM,
    engine: Engine = Engine.FAST,
    check_plan: bool = True,
) -> Program:
    """Check every operator and the plan, and pack what is constant.

    `check_plan=False` is for tests that plant a wrong plan.

    Raises: UnsupportedOperatorError naming the first operator without a kernel for its types; PlanError
    with the first law that the plan breaks.
    """
    violations = validate(graph, plan) if check_plan else []
    if violations:
        first = violations[0]
        more = f" (and {len(violations) - 1} more)" if len(violations) > 1 else ""
        raise PlanError(f"the plan breaks {first.law.value}: {first.message}{more}; plan the model again")
    prepares = _prepares(graph, numerics, engine)
    return Program(
        graph=graph,
        plan=plan,
        kernels={op.index: _kernel(prepares[op.kind], Operands.of(graph, op, numerics)) for op in graph.ops},
        constants={t.index: np.array(t.data) for t in graph.tensors if t.data is not None},
        numerics=numerics,
        prepares=prepares,
    )


def prepare_operator(graph: Graph, op: Op, numerics: Numerics = Numerics.TFLM) -> Kernel:
    """The kernel of one operator of `graph`, which needs no plan.

    Raises: UnsupportedOperatorError where there is none for its kind or types.
    """
    kernels = table(numerics)
    if op.kind not in kernels:
        raise UnsupportedOperatorError(f"{op}: the simulator has no kernel for it under {numerics.value}")
    return _kernel(kernels[op.kind], Operands.of(graph, op, numerics))


def table(numerics: Numerics, engine: Engine = Engine.FAST) -> Mapping[OpKind, Prepare]:
    """Kernels by operator."""
    of_numerics = xnnpack if numerics is Numerics.XNNPACK else ops
    return of_numerics.FAST if engine is Engine.FAST else of_numerics.KERNELS


def _prepares(graph: Graph, numerics: Numerics, engine: Engine) -> Mapping[OpKind, Prepare]:
    """The table of kernels, which has every operator of the graph."""
    prepares = table(numerics, engine)
    missing = [op for op in graph.ops if op.kind not in prepares]
    if not missing:
        return prepares
    kinds = ", ".join(sorted({op.kind.value for op in missing}))
    if all(op.kind in ops.KERNELS for op in missing):
        why = f"numerics {numerics.value} does not cover it (nor, here: {kinds}); use tflm or tflite-ref"
    else:
        why = f"the simulator has no kernel for it (missing here: {kinds})"
    raise UnsupportedOperatorError(f"{missing[0]}: {why}")


def _kernel(prepare_op: Prepare, operands: Operands) -> Kernel:
    try:
        return prepare_op(operands)
    except ModelError:
        raise
    except (ValueError, IndexError, ZeroDivisionError, AssertionError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UnsupportedOperatorError(
            f"{operands.op}: its tensors do not fit together ({reason})"
        ) from error
