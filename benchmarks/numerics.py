"""Where numerics `tflm` and `tflite-ref` part on real data, operator by operator.

    python -m benchmarks.numerics ../shared/models/*.tflite

Each operator of each model is given the same inputs under both numerics, so that what one layer parts is not
counted again in the next. Models of one square RGB picture see test pictures of --data; others random bytes
and synthetic pictures in turn, as `sixmeg compare` gives them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np
from rich.console import Console
from rich.table import Table
from threadpoolctl import threadpool_limits
from tqdm import tqdm

import pictures
from firmware_sim import ops
from firmware_sim.accuracy import picture_inputs
from firmware_sim.numerics import Numerics
from firmware_sim.ops.kernel import Kernel, Operands, Workspace
from firmware_sim.program import Program, prepare
from firmware_sim.run import InputError, Machine
from firmware_sim.samples import generated
from graph import tflite
from graph.errors import SixmegError
from graph.types import DType, Graph, Op
from memory_planner import plan
from memory_planner.chip import load

PAIR = (Numerics.TFLM, Numerics.TFLITE_REF)
SAMPLES, SEED = 20, 1


@dataclass(frozen=True, slots=True)
class Count:
    """Elements that one operator of one model wrote; `refused`: by whose numerics it does not run."""

    model: str
    kind: str
    dtype: DType
    elements: int = 0
    different: int = 0
    refused: tuple[str, ...] = ()


def told(counts: Sequence[Count]) -> str:
    """How often, in a few words.

    >>> told([Count("a", "MUL", DType.INT8, 1000, 3), Count("b", "MUL", DType.INT8, 500, 0)])
    '3 of 1,500 (0.2 %)'
    """
    if not counts:
        return "no shared model has it"
    ran = [c for c in counts if not c.refused]
    elements, different = sum(c.elements for c in ran), sum(c.different for c in ran)
    share = f" ({100 * different / elements:.2g} %)" if different else ""
    said = [f"{different:,} of {elements:,}{share}"] if ran else []
    refusals = Counter(name for c in counts for name in c.refused)
    return "; ".join(said + [f"`{name}` refuses {times}" for name, times in sorted(refusals.items())])


def _given(graph: Graph, data: pictures.PictureSet, samples: int) -> tuple[np.ndarray, ...]:
    """Shapes: one array per input, (samples, *shape)."""
    try:
        chosen = pictures.draw_by_class(data.test, samples, SEED)
        return (picture_inputs(graph, data.test, chosen)[:, None],)
    except InputError:
        return generated(graph, samples, SEED)


def _program(graph: Graph) -> Program:
    """By the first of the pair that runs all of the model: its activations are what operators are given."""
    made = plan(graph, load("npu6m"))
    try:
        return prepare(graph, made, numerics=PAIR[0])
    except SixmegError:
        return prepare(graph, made, numerics=PAIR[1])


def _kernel(graph: Graph, op: Op, numerics: Numerics) -> Kernel | None:
    try:
        return ops.FAST[op.kind](Operands.of(graph, op, numerics))
    except SixmegError:
        return None


def _dtype(graph: Graph, op: Op) -> DType:
    """Of its first input that is no constant axis, shape or size."""
    tensors = [graph.tensors[i] for i in (*op.inputs, *op.outputs) if i >= 0]
    return next(t.dtype for t in tensors if t.data is None or t.dtype not in (DType.INT32, DType.INT64))


def counted(path: Path, data: pictures.PictureSet, samples: int = SAMPLES) -> Iterator[Count]:
    """One count for each operator of a model.

    Raises: SixmegError for a model that neither numerics runs.
    """
    graph = tflite.read_file(path)
    program = _program(graph)
    columns = _given(graph, data, samples)
    machine, space = Machine(program), Workspace()
    kernels = {op.index: [_kernel(graph, op, numerics) for numerics in PAIR] for op in graph.ops}
    different: Counter[int] = Counter()
    for sample in range(samples):
        simulation = machine.infer([column[sample] for column in columns], keep_activations=True)
        known = program.constants | simulation.activations
        for op in graph.ops:
            first, second = (_ran(graph, op, kernel, known, space) for kernel in kernels[op.index])
            pairs = zip(first, second, strict=True) if first and second else ()
            different[op.index] += sum(_different(a, b) for a, b in pairs)
    for op in graph.ops:
        elements = samples * sum(graph.tensors[i].elements for i in op.outputs)
        refused = tuple(n.value for n, kernel in zip(PAIR, kernels[op.index], strict=True) if kernel is None)
        yield Count(path.stem, op.kind.value, _dtype(graph, op), elements, different[op.index], refused)


def _ran(
    graph: Graph, op: Op, kernel: Kernel | None, known: dict[int, np.ndarray], space: Workspace
) -> list[np.ndarray]:
    """What a kernel writes; nothing where there is none. A variable begins with zeros."""
    if kernel is None:
        return []
    tensors = [graph.tensors[i] if i >= 0 else None for i in op.inputs]
    given = [
        None if t is None else known[t.index] if t.index in known else np.zeros(t.shape, t.dtype.numpy)
        for t in tensors
    ]
    written = [np.zeros(graph.tensors[i].shape, graph.tensors[i].dtype.numpy) for i in op.outputs]
    kernel(given, written, space)
    return written


def _different(a: np.ndarray, b: np.ndarray) -> int:
    """Elements whose bits differ."""
    bits = f"V{a.dtype.itemsize}"
    return int(np.count_nonzero(a.reshape(-1).view(bits) != b.reshape(-1).view(bits)))


def all_counts(paths: Sequence[Path], data: pictures.PictureSet, samples: int = SAMPLES) -> list[Count]:
    """Of the models that can be simulated."""
    counts: list[Count] = []
    with threadpool_limits(limits=1, user_api="blas"):
        for path in tqdm(sorted(paths), desc="numerics", unit="model", disable=None):
            try:
                counts += counted(path, data, samples)
            except SixmegError as error:
                click.echo(f"{path.stem}: {error}", err=True)
    return counts


@click.command()
@click.argument(
    "models", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.option("--data", default="../shared/data/imagenet_sample_even.tar", show_default=True)
@click.option("--samples", type=click.IntRange(min=1), default=SAMPLES, show_default=True)
def main(models: tuple[Path, ...], data: str, samples: int) -> None:
    """Print, for each operator and type of MODELS (.tflite), how many of its elements part."""
    counts = all_counts(models, pictures.load(data), samples)
    table = Table("operator", "type", "models", "elements that part")
    for kind, dtype in sorted({(c.kind, c.dtype) for c in counts}):
        mine = [c for c in counts if (c.kind, c.dtype) == (kind, dtype)]
        table.add_row(kind, dtype.value, str(len({c.model for c in mine})), told(mine))
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
