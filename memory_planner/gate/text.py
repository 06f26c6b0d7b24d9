"""A verdict for a terminal: one line, and for one model what stands behind it."""

from __future__ import annotations

from collections.abc import Sequence

from memory_planner.cost.estimate import fps_told
from memory_planner.fit import Fit
from memory_planner.gate.answer import TFLM, Answer
from memory_planner.gate.growth import Change, Growth
from memory_planner.gate.verdict import Verdict, line
from memory_planner.gate.why import Why

SHOWN_CHANGES = 20


def text(verdicts: Sequence[Verdict]) -> str:
    """The verdict first; a line for each model where there are several."""
    told = []
    for verdict in verdicts:
        told.append(line(verdict) if len(verdicts) == 1 else f"{verdict.model}: {line(verdict)}")
        if verdict.answer is None:
            continue
        if len(verdicts) == 1:
            told += parts(verdict.answer)
            told += memories(verdict.answer.fit)
        if verdict.growth is not None:
            told += grown(verdict.growth)
        if verdict.why is not None:
            told += reasons(verdict.why)
    return "\n".join(told) + "\n"


def parts(answer: Answer) -> list[str]:
    """What is counted, part by part."""
    fit = answer.fit
    if answer.terms.runtime == TFLM:
        order = "our plan's" if answer.terms.planned else "the file's"
        counted = [
            f".tflite {fit.file_bytes:,}  tensor_arena {fit.arena_bytes:,}"
            f" (head {answer.head_bytes:,}, tail {answer.tail_bytes:,}; {answer.terms.abi}, {order} order)"
        ]
    else:
        proof = "the lower bound: no smaller arena in this order"
        if fit.arena_bytes > fit.lower_bound_bytes:
            proof = f"{fit.arena_bytes - fit.lower_bound_bytes:,} above the lower bound"
        counted = [
            f"weights {fit.weights_bytes:,}  state {fit.state_bytes:,}"
            f"  arena {fit.arena_bytes:,} ({fit.algorithm}, {proof})"
        ]
    told = [*counted, *standing(fit), f"counted: {fit.required_basis}", _to_six_million(fit)]
    return [*told, *speed(answer)]


def speed(answer: Answer) -> list[str]:
    """Frames a second with the interval, where they were asked for."""
    made = answer.speed
    if made is None:
        return []
    low, high = fps_told(made.fps_low), fps_told(made.fps_high)
    beyond = f"; extrapolated: {'; '.join(made.why)}" if made.why else ""
    return [f"{fps_told(made.fps)} fps, {low} to {high}, {answer.terms.min_fps:g} asked{beyond}"]


def standing(fit: Fit) -> list[str]:
    """The worst step and who stands in it."""
    worst = fit.worst_step
    who = ", ".join(map(short, worst.tensors))
    return [f"worst step {worst.step}: {worst.kind}, {worst.live_bytes:,} bytes alive: {who}"]


def _to_six_million(fit: Fit) -> str:
    return f"margin to 6,000,000 bytes: {fit.margin_to_6000000_bytes:,}"


def memories(fit: Fit) -> list[str]:
    """What each memory holds, where there are several."""
    if len(fit.memories) == 1:
        return []
    return [
        f"{m.name}: weights {m.weights_bytes:,}  activations {m.activations_bytes:,}"
        f"  reserved {m.reserved_bytes:,} of {m.capacity_bytes:,}; {m.traffic_bytes:,} bytes moved"
        for m in fit.memories
    ]


def grown(growth: Growth) -> list[str]:
    """What is not as it was, the largest growth first."""
    if not growth.is_known:
        return ["  not in the baseline"]
    share = 100 * growth.growth_bytes / growth.before_bytes if growth.before_bytes else 0.0
    changes = [*growth.parts, *growth.tensors]
    told = [f"since the baseline: {growth.growth_bytes:+,} bytes ({share:+.2f} %)"]
    told += [_change(change) for change in changes[:SHOWN_CHANGES]]
    left = len(changes) - SHOWN_CHANGES
    return [*told, f"  and {left:,} more (--json has all)"] if left > 0 else told


def _change(change: Change) -> str:
    name = change.name if change.kind == "part" else f"{change.kind} {short(change.name)}"
    if change.before_bytes is None:
        return f"  {change.growth_bytes:+,}  {name}: new, {change.after_bytes:,}"
    if change.after_bytes is None:
        return f"  {change.growth_bytes:+,}  {name}: gone, was {change.before_bytes:,}"
    return f"  {change.growth_bytes:+,}  {name}: {change.before_bytes:,} to {change.after_bytes:,}"


def reasons(why: Why) -> list[str]:
    """The changes that would bring most."""
    if not why.remedies:
        return ["no change that is known here would make it smaller"]
    return [
        f"{n}. {r.what}: {r.required_bytes:,} bytes, {r.saves_bytes:,} fewer{', fits' if r.fits else ''}"
        for n, r in enumerate(why.remedies, 1)
    ]


def short(name: str) -> str:
    """The converter joins the names of what it fused; the first says enough."""
    return name.split(";")[0][-48:]
