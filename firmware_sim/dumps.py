"""Tensors of one inference as files: what a firmware dumped, or what it should have computed.

A dump is a folder with one file a tensor, or a log in the text form of docs/localizing.md.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from files import replacing, write_bytes
from firmware_sim import arrays
from graph.errors import SixmegError
from graph.types import Graph, Tensor

LOG_SUFFIXES = (".log", ".txt")
LINE_BYTES = 32

_INDEX = re.compile(r"(?:tensor_)?(\d+)")
_HEADER = re.compile(r"sixmeg tensor (\d+) (\w+) (\w+) crc32=([0-9a-fA-F]{8})\b")
_DATA = re.compile(r"sixmeg (\d+) ([0-9a-fA-F]+) ((?:[0-9a-fA-F]{2})+)\s*$")


class DumpError(SixmegError):
    """A dump that cannot be read; the message says what, where and what to do."""


def read(path: str | Path, graph: Graph) -> dict[int, np.ndarray]:
    """The tensors of a dump by index, in the graph's types and shapes.

    Raises: DumpError.
    """
    path = Path(path)
    if path.is_dir():
        return _read_folder(path, graph)
    try:
        text = path.read_bytes().decode("latin-1")
    except OSError as error:
        raise DumpError(f"{path}: {error.strerror or error}; give a folder of tensors or a log") from error
    return _read_log(path, text, graph)


def write(path: str | Path, graph: Graph, tensors: Mapping[int, np.ndarray]) -> None:
    """A dump: a log where `path` ends in .log or .txt, else a folder of tensor_<index>.npy.

    Raises: DumpError where the folder holds anything but an earlier dump.
    """
    path = Path(path)
    if path.suffix in LOG_SUFFIXES:
        lines = [line for i in sorted(tensors) for line in log_lines(graph.tensors[i], tensors[i])]
        write_bytes(path, "".join(line + "\n" for line in lines).encode())
        return
    others = (
        [p.name for p in path.iterdir() if not re.fullmatch(r"tensor_\d+\.npy", p.name)]
        if path.is_dir()
        else []
    )
    if others or path.is_file():
        raise DumpError(f"{path} holds something else ({(others or ['a file'])[0]}); give a new folder")
    for old in path.glob("tensor_*.npy"):
        old.unlink()
    for i in sorted(tensors):
        with replacing(path / f"tensor_{i}.npy") as partial, partial.open("wb") as file:
            np.save(file, tensors[i])


def sanitized(name: str) -> str:
    """A tensor's name as a file's: a run of what is no ASCII letter, digit, dot or minus is one underscore.

    >>> sanitized("model/conv 1/Relu6;model/bn"), sanitized("a.b-c_d")
    ('model_conv_1_Relu6_model_bn', 'a.b-c_d')
    """
    return re.sub(r"[^A-Za-z0-9.-]+", "_", name)


def _read_folder(folder: Path, graph: Graph) -> dict[int, np.ndarray]:
    files = sorted(p for p in folder.iterdir() if p.suffix in (".bin", ".npy"))
    if not files:
        raise DumpError(f"{folder}: no .bin and no .npy in it; name them by tensor, such as 12.bin")
    found: dict[int, np.ndarray] = {}
    origin: dict[int, str] = {}
    for file in files:
        tensor = _tensor_of(file, graph)
        if tensor.index in found:
            raise DumpError(
                f"{file}: tensor {tensor.index} is in {origin[tensor.index]} too; keep one of the two"
            )
        found[tensor.index] = _read_npy(file, tensor) if file.suffix == ".npy" else _read_bin(file, tensor)
        origin[tensor.index] = file.name
    return found


def _tensor_of(file: Path, graph: Graph) -> Tensor:
    """The tensor that a file is named after: by index, or by name, whole or up to its first semicolon."""
    by_index = _INDEX.fullmatch(file.stem)
    if by_index:
        return _tensor_at(graph, int(by_index[1]), str(file))
    wanted = sanitized(file.stem)
    named = [
        t for t in graph.tensors if t.name and wanted in (sanitized(t.name), sanitized(t.name.split(";")[0]))
    ]
    if len(named) != 1:
        how = "no tensor has this name" if not named else f"{len(named)} tensors have this name"
        raise DumpError(f"{file}: {how}; name the file by the tensor's index, such as 12{file.suffix}")
    return named[0]


def _tensor_at(graph: Graph, index: int, where: str) -> Tensor:
    if index >= len(graph.tensors):
        raise DumpError(
            f"{where}: tensor {index} of a model with {len(graph.tensors)}; is it another model's?"
        )
    return graph.tensors[index]


def _read_npy(file: Path, tensor: Tensor) -> np.ndarray:
    values = arrays.read(file)
    if not isinstance(values, np.ndarray):
        raise DumpError(f"{file}: several arrays; write one with numpy.save")
    unpadded = [tuple(n for n in shape if n != 1) for shape in (values.shape, tensor.shape)]
    if values.dtype != tensor.dtype.numpy or unpadded[0] != unpadded[1]:
        raise DumpError(
            f"{file}: {values.dtype} {list(values.shape)}; tensor {tensor.index} ({tensor.name}) is"
            f" {tensor.dtype.value} {list(tensor.shape)}: write it in this type and order"
        )
    return values.reshape(tensor.shape)


def _read_bin(file: Path, tensor: Tensor) -> np.ndarray:
    return _from_bytes(file.read_bytes(), tensor, str(file))


def _from_bytes(raw: bytes, tensor: Tensor, where: str) -> np.ndarray:
    if len(raw) != tensor.size_bytes:
        raise DumpError(
            f"{where}: {len(raw):,} bytes; tensor {tensor.index} ({tensor.name}) has {tensor.size_bytes:,}"
            f" ({tensor.dtype.value} {list(tensor.shape)}): dump it whole"
        )
    return (
        np.frombuffer(raw, tensor.dtype.numpy.newbyteorder("<"))
        .astype(tensor.dtype.numpy)
        .reshape(tensor.shape)
    )


def log_lines(tensor: Tensor, values: np.ndarray) -> list[str]:
    """A tensor in the text form of docs/localizing.md.

    >>> from graph.types import DType
    >>> log_lines(Tensor(7, "y", (1, 3), DType.INT8), np.array([[-1, 0, 17]], np.int8))
    ['sixmeg tensor 7 int8 1x3 crc32=2b69cd0d', 'sixmeg 7 000000 ff0011']
    """
    raw = np.ascontiguousarray(values, values.dtype.newbyteorder("<")).tobytes()
    shape = "x".join(map(str, tensor.shape)) or "scalar"
    head = f"sixmeg tensor {tensor.index} {tensor.dtype.value} {shape} crc32={zlib.crc32(raw):08x}"
    rows = range(0, len(raw), LINE_BYTES)
    return [head, *(f"sixmeg {tensor.index} {at:06x} {raw[at : at + LINE_BYTES].hex()}" for at in rows)]


def _read_log(path: Path, text: str, graph: Graph) -> dict[int, np.ndarray]:
    """Every tensor whose header stands in the log; lines of others are passed over."""
    heads: dict[int, re.Match[str]] = {}
    parts: dict[int, dict[int, bytes]] = {}
    for line in text.splitlines():
        if head := _HEADER.search(line):
            index = int(head[1])
            if index in heads:
                raise DumpError(f"{path}: tensor {index} begins twice; keep the lines of one inference")
            heads[index] = head
        elif data := _DATA.search(line):
            index, at, raw = int(data[1]), int(data[2], 16), bytes.fromhex(data[3])
            if parts.setdefault(index, {}).setdefault(at, raw) != raw:
                raise DumpError(
                    f"{path}: tensor {index} has two lines for offset {at:06x}; keep those of one inference"
                )
    for index in sorted(parts.keys() - heads.keys()):
        raise DumpError(
            f"{path}: tensor {index} has data, but its line 'sixmeg tensor {index}' is lost; print it again"
        )
    if not heads:
        raise DumpError(
            f"{path}: no line 'sixmeg tensor ...' in it; docs/localizing.md shows how to print one"
        )
    return {i: _assembled(path, head, parts.get(i, {}), graph) for i, head in heads.items()}


def _assembled(path: Path, head: re.Match[str], parts: dict[int, bytes], graph: Graph) -> np.ndarray:
    """One tensor of a log, every byte there and its checksum right."""
    index, dtype, shape, crc = int(head[1]), head[2], head[3], int(head[4], 16)
    tensor = _tensor_at(graph, index, str(path))
    stated = "x".join(map(str, tensor.shape)) or "scalar"
    if (dtype, shape) != (tensor.dtype.value, stated):
        raise DumpError(
            f"{path}: tensor {index} is {dtype} {shape} in the log and {tensor.dtype.value} {stated} in the"
            " model; is it another model's?"
        )
    raw = b""
    for at in sorted(parts):
        if at != len(raw):
            break
        raw += parts[at]
    if len(raw) < tensor.size_bytes:
        raise DumpError(
            f"{path}: tensor {index}: the line at offset {len(raw):06x} is lost or garbled"
            f" ({tensor.size_bytes:,} bytes in all); print it again, more slowly"
        )
    if zlib.crc32(raw) != crc:
        raise DumpError(
            f"{path}: tensor {index}: its bytes have the crc32 {zlib.crc32(raw):08x}, its first line says"
            f" {crc:08x}: a line is garbled; print it again"
        )
    return _from_bytes(raw, tensor, f"{path}: tensor {index}")
