"""Where the bytes are, and which three changes would bring most."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

from graph.errors import ModelError
from graph.file_facts import FileFacts
from graph.types import Graph
from memory_planner.fit import Fit, WorstStep, fit
from memory_planner.gate.answer import TFLM, Answer, C, Source, answered
from memory_planner.gate.variants import changed_bytes, mobilenet_v1_alpha, res_px, with_res, with_width
from memory_planner.streamed import c_plan
from memory_planner.types import Plan

RES_STEP_PX = 32
ALPHAS = (Fraction(3, 4), Fraction(1, 2), Fraction(1, 4))
WIDTHS = (Fraction(7, 8), Fraction(3, 4), Fraction(5, 8), Fraction(1, 2), Fraction(3, 8), Fraction(1, 4))
SHOWN = 3


@dataclass(frozen=True, slots=True)
class Remedy:
    """Something to change, what would then be required, and whether that fits."""

    kind: str
    what: str
    required_bytes: int
    saves_bytes: int
    fits: bool


@dataclass(frozen=True, slots=True)
class Why:
    """The worst step, and the changes that bring most: those that make it fit first, then by bytes saved."""

    worst_step: WorstStep
    remedies: tuple[Remedy, ...]


def why(answer: Answer) -> Why:
    """For a model that was answered for; it is read again."""
    return Why(answer.fit.worst_step, remedies(answer)[:SHOWN])


def remedies(answer: Answer) -> tuple[Remedy, ...]:
    """All changes that save bytes, as `Why` orders them.

    Sizes at another RES or ALPHA are counted as planned there, the file's own overhead as it is here.
    """
    subject = _Subject(answer, Source.read(answer.model))
    found = [r for r in (*_same_network(subject), *_other_networks(subject)) if r.saves_bytes > 0]
    found.sort(key=lambda r: (not r.fits, -r.saves_bytes, r.kind))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class _Subject:
    answer: Answer
    source: Source

    @property
    def graph(self) -> Graph:
        return self.source.graph

    def at(self, graph: Graph) -> Answer:
        """The answer for `graph`, which differs from this one in shapes alone."""
        facts = FileFacts(
            shapes=tuple(t.shape for t in graph.tensors),
            quantized_channels=tuple(
                len(t.quant.scales) if channels and t.quant else channels
                for t, channels in zip(graph.tensors, self.source.facts.quantized_channels, strict=True)
            ),
            offline_offsets=None,
        )
        file_bytes = self.source.file_bytes + changed_bytes(self.graph, graph)
        other = Source(graph, facts, file_bytes, self.source.plan_bytes)
        return answered(self.answer.model, other, replace(self.answer.terms, min_fps=None))

    def remedy(self, kind: str, what: str, other: Fit) -> Remedy:
        required = other.required_bytes
        return Remedy(kind, what, required, self.answer.fit.required_bytes - required, other.fits)


def _same_network(subject: _Subject) -> Iterator[Remedy]:
    """Another order, another runtime: nothing to train again."""
    answer, terms = subject.answer, subject.answer.terms
    if terms.runtime == TFLM and not terms.planned:
        what = "order and offsets of our plan, carried in the .tflite (--planned)"
        planned = answered(answer.model, subject.source, replace(terms, planned=True, min_fps=None))
        yield subject.remedy("order", what, planned.fit)
    if terms.runtime != C:
        made = c_plan(subject.graph, terms.chip)
        counted = fit(subject.graph, made, terms.chip, subject.source.file_bytes)
        yield subject.remedy("stream", f"our own C (--runtime c), {_streaming(subject.graph, made)}", counted)


def _streaming(graph: Graph, made: Plan) -> str:
    """Which layers the plan streams."""
    chains = [step.ops for step in made.schedule.steps if len(step.ops) > 1]
    if not chains:
        return "outputs written over inputs"
    return "streaming " + ", ".join(f"{graph.ops[c[0]]} to {graph.ops[c[-1]]}" for c in chains)


def _other_networks(subject: _Subject) -> Iterator[Remedy]:
    """The largest RES and the largest ALPHA that fit, or the next smaller where it fits as it is."""
    res = res_px(subject.graph)
    pixels = range((res - 1) // RES_STEP_PX * RES_STEP_PX, 0, -RES_STEP_PX) if res else ()
    yield from _first_that_fits(
        subject, "res", ((f"RES={px} instead of {res}", with_res(subject.graph, px)) for px in pixels)
    )
    alpha = mobilenet_v1_alpha(subject.graph)
    named = [(f"{float(w):g} times the channels", w) for w in WIDTHS]
    if alpha is not None and alpha > min(ALPHAS):
        named = [(f"ALPHA={float(a):g} instead of {float(alpha):g}", a / alpha) for a in ALPHAS if a < alpha]
    yield from _first_that_fits(
        subject, "alpha", ((what, with_width(subject.graph, factor)) for what, factor in named)
    )


def _first_that_fits(
    subject: _Subject, kind: str, variants: Iterator[tuple[str, Graph | None]]
) -> Iterator[Remedy]:
    smallest = None
    for what, graph in variants:
        if graph is None:
            return
        try:
            smallest = subject.remedy(kind, what, subject.at(graph).fit)
        except ModelError:
            return
        if smallest.fits:
            break
    if smallest is not None:
        yield smallest
