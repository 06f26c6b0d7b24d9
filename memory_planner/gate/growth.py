"""What grew since a report that was kept."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from graph.errors import ChipError, SixmegError
from memory_planner.chip import parse_bytes
from memory_planner.gate.answer import ANY, Answer

PARTS = ("required_bytes", "file_bytes", "weights_bytes", "arena_bytes", "head_bytes", "tail_bytes")


class BaselineError(SixmegError):
    """A baseline that cannot be read, or that was counted on other terms."""


@dataclass(frozen=True, slots=True)
class Change:
    """A part or a tensor that has another size now; None where it was not there, or is no more."""

    name: str
    kind: str
    before_bytes: int | None
    after_bytes: int | None

    @property
    def growth_bytes(self) -> int:
        return (self.after_bytes or 0) - (self.before_bytes or 0)


@dataclass(frozen=True, slots=True)
class Growth:
    """How one model stands against the baseline; both are empty for a model that is not in it."""

    is_known: bool
    before_bytes: int
    after_bytes: int
    parts: tuple[Change, ...]
    tensors: tuple[Change, ...]

    @property
    def growth_bytes(self) -> int:
        return self.after_bytes - self.before_bytes

    def exceeds(self, limit: Limit) -> bool:
        """Whether what must be resident grew by more than `limit`."""
        return self.is_known and self.growth_bytes > limit.bytes_of(self.before_bytes)


@dataclass(frozen=True, slots=True)
class Limit:
    """Growth that is allowed: of so many hundredths of a percent, or so many bytes."""

    text: str
    hundredths: int | None
    count_bytes: int

    def bytes_of(self, before_bytes: int) -> int:
        if self.hundredths is None:
            return self.count_bytes
        return before_bytes * self.hundredths // 10_000


def limit(text: str) -> Limit:
    """Growth as a person allows it: 2%, 0.5%, 10KB, 0.

    >>> limit("0.5%").bytes_of(1_000_000), limit("10KB").bytes_of(1_000_000)
    (5000, 10000)

    Raises: BaselineError for anything else.
    """
    match = re.fullmatch(r"\s*(\d{1,6}(?:\.\d{1,2})?)\s*%\s*", text, re.ASCII)
    if match:
        return Limit(text.strip(), int(Fraction(match[1]) * 100), 0)
    try:
        return Limit(text.strip(), None, parse_bytes(text))
    except ChipError as error:
        raise BaselineError(f"--max-growth {text}: write it like 2% or 10KB") from error


def read(path: str) -> dict[str, dict[str, Any]]:
    """By model's path and name what a JSON of `sixmeg gate`, `sixmeg plan` or `sixmeg report` says of it.

    Raises: BaselineError for a file that is none of these.
    """
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise BaselineError(f"{path}: not JSON ({error}); write it with sixmeg gate --json") from error
    several = content.get("models") if isinstance(content, dict) else None
    found = {}
    for entry in several if isinstance(several, list) else [content]:
        name, numbers = _entry(entry)
        if name is None:
            raise BaselineError(f"{path}: no report of sixmeg; write it with sixmeg gate --json")
        found[name] = numbers
        found[str(numbers.get("path", name))] = numbers
    return found


def _entry(entry: Any) -> tuple[str | None, dict[str, Any]]:
    """A model's name and its numbers, flat, whichever command wrote them."""
    if not isinstance(entry, dict):
        return None, {}
    name, numbers = entry.get("model"), dict(entry)
    if isinstance(name, dict):  # of sixmeg report
        name, numbers = name.get("name"), {**entry, **(entry.get("memory") or {})}
    if isinstance(entry.get("fit"), dict):  # of sixmeg plan
        numbers |= entry["fit"]
    numbers.setdefault("runtime", ANY)
    is_report = isinstance(name, str) and isinstance(numbers.get("required_bytes"), int)
    return (name if is_report else None), numbers


def growth(answer: Answer, baseline: Mapping[str, Mapping[str, Any]]) -> Growth:
    """What changed, the parts in a fixed order, the tensors with the largest growth first.

    Raises: BaselineError where the baseline was counted for another runtime.
    """
    names = (answer.model, answer.name, answer.name.removesuffix(".tflite"))
    before = next((baseline[name] for name in names if name in baseline), None)
    now = answer.as_json()
    if before is None:
        return Growth(False, 0, now["required_bytes"], (), ())
    for key, option in (("runtime", "--runtime"), ("planned", "--planned"), ("abi", "--abi")):
        if key in before and before[key] != now[key]:
            raise BaselineError(
                f"{answer.name}: the baseline was counted with {key} {before[key]}, this with {now[key]}; "
                f"give the same {option}, or write the baseline again"
            )
    parts = [
        Change(part, "part", before[part], now[part])
        for part in PARTS
        if isinstance(before.get(part), int) and isinstance(now[part], int) and before[part] != now[part]
    ]
    return Growth(
        is_known=True,
        before_bytes=before["required_bytes"],
        after_bytes=now["required_bytes"],
        parts=tuple(parts),
        tensors=_tensors(before, now["tensors"]),
    )


def _tensors(before: Mapping[str, Any], now: Sequence[Mapping[str, Any]]) -> tuple[Change, ...]:
    then = _sizes(_then(before))
    kinds = {kind for kind, _, _ in then}
    after = {key: size for key, size in _sizes(now).items() if key[0] in kinds}
    changed = [
        Change(name, kind, then.get((kind, name, n)), after.get((kind, name, n)))
        for kind, name, n in {**then, **after}
        if then.get((kind, name, n)) != after.get((kind, name, n))
    ]
    return tuple(sorted(changed, key=lambda c: (-c.growth_bytes, c.kind, c.name)))


def _then(before: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    if isinstance(before.get("tensors"), list):
        return before["tensors"]
    found = [{**b, "kind": "activation"} for b in before.get("buffers") or ()]
    return [*found, *({**c, "kind": "constant"} for c in before.get("constants") or ())]


def _sizes(tensors: Iterable[Mapping[str, Any]]) -> dict[tuple[str, str, int], int]:
    """By kind, name, and which of that name it is."""
    found: dict[tuple[str, str, int], int] = {}
    for each in tensors:
        kind, name = str(each.get("kind")), str(each.get("name"))
        n = sum(key[:2] == (kind, name) for key in found)
        found[kind, name, n] = int(each.get("size_bytes") or 0)
    return found
