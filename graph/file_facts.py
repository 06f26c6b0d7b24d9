"""What a .tflite says beyond the graph, and runtimes go by: shapes and quantization as written, offsets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import tflite as schema

from graph import options
from graph.errors import ModelError
from graph.tflite import DAMAGE
from graph.types import Graph

OFFLINE_PLAN = b"OfflineMemoryAllocation"


@dataclass(frozen=True, slots=True)
class FileFacts:
    """Parallel to the graph's tensors.

    `quantized_channels`: scales of a tensor that has scales and zero points, else 0. `offline_offsets`: where
    the file says that each tensor lies in the arena (-1: not said), or None where it says nothing.
    """

    shapes: tuple[tuple[int, ...], ...]
    quantized_channels: tuple[int, ...]
    offline_offsets: tuple[int, ...] | None


def of_graph(graph: Graph) -> FileFacts:
    """The facts of a file that says what `graph` does, and no offsets."""
    return FileFacts(
        shapes=tuple(t.shape for t in graph.tensors),
        quantized_channels=tuple(len(t.quant.scales) if t.quant else 0 for t in graph.tensors),
        offline_offsets=None,
    )


def read(blob: bytes) -> FileFacts:
    """The facts of a model that `graph.tflite.read` takes.

    Raises: ModelError where the offline plan has another number of tensors than the model, or is damaged.
    Source: TFLite Micro docs/memory_management.md, "Offline memory planning": version, subgraph, number of
        tensors, offsets, each an int32.
    """
    try:
        return _read(schema.Model.GetRootAs(blob, 0))
    except DAMAGE as error:
        raise ModelError("its metadata is damaged; copy or convert it again") from error


def _read(model: schema.Model) -> FileFacts:
    subgraph = model.Subgraphs(0)
    tensors = [subgraph.Tensors(i) for i in range(subgraph.TensorsLength())]
    return FileFacts(
        shapes=tuple(options.ints(t.ShapeLength(), t.ShapeAsNumpy()) for t in tensors),
        quantized_channels=tuple(_channels(t.Quantization()) for t in tensors),
        offline_offsets=_offline_offsets(model, len(tensors)),
    )


def _channels(table: schema.QuantizationParameters | None) -> int:
    return table.ScaleLength() if table is not None and table.ZeroPointLength() else 0


def _offline_offsets(model: schema.Model, tensors: int) -> tuple[int, ...] | None:
    offsets = None
    for entry in (model.Metadata(i) for i in range(model.MetadataLength())):
        if entry.Name() == OFFLINE_PLAN:
            buffer = model.Buffers(entry.Buffer())
            words = buffer.DataAsNumpy().tobytes() if buffer.DataLength() else b""
            numbers = np.frombuffer(words[: len(words) // 4 * 4], "<i4").tolist()
            if len(numbers) < 3 or numbers[2] != tensors or len(numbers) < 3 + tensors:
                raise ModelError(
                    f"its {OFFLINE_PLAN.decode()} is not of this model's {tensors} tensors; plan it again"
                )
            offsets = tuple(numbers[3 : 3 + tensors])
    return offsets
