"""Frames a second as an interval, and whether the chip's figures were ever held against such a network."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from graph.floats import float_operators
from graph.types import Graph
from memory_planner.chip import Chip, Fitted
from memory_planner.cost.family import OTHER, Network, network_of
from memory_planner.cost.layers import LayerCost, counted, cycles, fps, total_cycles
from memory_planner.types import Plan

CONFIDENCE = 0.9
"""The share of such predictions that the interval is to hold."""
ASSUMED_ERROR = 0.5
"""What an assumed figure, or one that no measurement was fitted to, may be off by."""
STATED_ERROR = 0.1
"""What a published or measured figure may be off by."""
UNKNOWN_FACTOR = 2.0
"""What stands for the error across networks, RES or ALPHA where one alone was measured."""
SLACK = 1.15
"""How far beyond the measured RES and ALPHA still counts as measured."""
NEGLIGIBLE = 0.05
"""A share of a frame below which a part need not have been measured."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """Frames a second of a plan on a chip. `why` says in what the network lies outside what was measured."""

    costs: tuple[LayerCost, ...]
    cycles: int
    fps: float
    fps_low: float
    fps_high: float
    why: tuple[str, ...]

    @property
    def extrapolated(self) -> bool:
        return bool(self.why)


def estimate(graph: Graph, plan: Plan, chip: Chip) -> Estimate:
    """The estimate for `plan`, its interval from what leaving out told of the fit.

        low, high = fps * exp(-+ sqrt((t * spread)**2 * (1 + s @ leverage @ s) + sum(beyond**2)))

    with s the share that each fitted parameter has in the frame and t Student's quantile. `beyond` is the
    error where a network, RES or ALPHA like this one was left out, and ASSUMED_ERROR of what was not fitted.
    Where nothing was fitted each figure may be off by what its basis says, all in the same direction.
    """
    costs, made = cycles(graph, plan, chip), counted(graph, plan, chip)
    middle = fps(costs, chip)
    why: tuple[str, ...]
    if chip.fitted:
        off, why = _by_fit(network_of(graph), made, chip.fitted)
    else:
        off, why = (
            _by_basis(made, chip),
            ("no figure of it was fitted to measured times",),
        )
    floats = len(float_operators(graph))
    if floats:
        off = math.hypot(off, math.log(UNKNOWN_FACTOR))
        why = (*why, f"{floats} operators compute in floating point, and are counted as int8")
    return Estimate(
        costs, total_cycles(costs, chip), middle, middle * math.exp(-off), middle * math.exp(off), why
    )


def _by_fit(network: Network, made: Mapping[str, float], fitted: Fitted) -> tuple[float, tuple[str, ...]]:
    total = sum(made.values()) or 1.0
    claimed = {part: k for k, name in enumerate(fitted.parameters) for part in name.split("+")}
    shares, rest = np.zeros(len(fitted.parameters)), 0.0
    for part, count in made.items():
        if part in claimed:
            shares[claimed[part]] += count / total
        else:
            rest += count / total
    leverage = float(shares @ np.array(fitted.leverage) @ shares)
    t = student_quantile((1 + CONFIDENCE) / 2, fitted.degrees)
    squares = (t * fitted.spread) ** 2 * (1 + leverage)
    why: list[str] = []
    for reason, off in _beyond(network, fitted, t):
        why.append(reason)
        squares += off**2
    if rest > NEGLIGIBLE:
        names = ", ".join(sorted(part for part in made if part not in claimed and made[part] > 0))
        why.append(f"{100 * rest:.0f} % of its cycles are of figures that were not fitted ({names})")
    if leverage > 1:
        why.append("its time is made of other parts than that of any network measured")
    return math.sqrt(squares + (ASSUMED_ERROR * rest) ** 2), tuple(why)


def _beyond(network: Network, fitted: Fitted, t: float) -> Iterator[tuple[str, float]]:
    """In what a network lies outside of what was measured, and what that may make it off by."""

    def off(spread: float | None) -> float:
        return math.log(UNKNOWN_FACTOR) if spread is None else t * spread

    if fitted.families == ("layers",):
        yield "single layers were measured, no whole network", math.log1p(ASSUMED_ERROR)
        return
    if network.family not in fitted.families:
        names = " and ".join(fitted.families)
        known = None if network.family == OTHER else fitted.family_spread
        yield f"another network than was measured ({names})", off(known)
    res, measured = network.res_px, fitted.res_px
    if res and measured and not measured[0] / SLACK <= res <= measured[1] * SLACK:
        yield f"pictures of {res} x {res}, measured were {_range(*measured)}", off(fitted.res_spread)
    alpha, alphas = network.alpha, fitted.alphas
    if alpha and alphas and not alphas[0] / SLACK <= alpha <= alphas[1] * SLACK:
        yield f"ALPHA {alpha:g}, measured were {_range(*alphas)}", off(fitted.alpha_spread)


def _range(low: float, high: float) -> str:
    return f"{low:g} alone" if low == high else f"{low:g} to {high:g}"


def _by_basis(made: Mapping[str, float], chip: Chip) -> float:
    """Each part's share of the frame, times what its figure may be off by."""
    rates = chip.macs_per_cycle
    memories = {m.bytes_per_cycle.basis for m in chip.memory} | {m.activation_rate.basis for m in chip.memory}
    bases = {
        "conv": rates.conv.basis,
        "depthwise": rates.depthwise.basis,
        "pointwise": rates.pointwise.basis,
        "layer": chip.layer_overhead_cycles.basis,
        "weights": "assumed" if "assumed" in memories else "published",
    }
    errors = {part: _error(bases.get(part, "assumed")) for part in made}
    total = sum(made.values())
    return math.log(sum(count * (1 + errors[part]) for part, count in made.items()) / total) if total else 0.0


def _error(basis: str) -> float:
    return ASSUMED_ERROR if basis == "assumed" else STATED_ERROR


def fps_told(fps: float) -> str:
    """Frames a second to a tenth, or to three digits where they are few.

    >>> fps_told(31.24), fps_told(2.345)
    ('31.2', '2.35')
    """
    return f"{fps:.1f}" if fps >= 10 else f"{fps:.3g}"


def student_quantile(probability: float, degrees: int) -> float:
    """Student's t distribution: what a draw stays below with `probability`, above a half.

    >>> [round(student_quantile(0.95, degrees), 2) for degrees in (1, 4, 30)]
    [6.31, 2.13, 1.7]

    Source: its density, which is cos(angle)**(degrees - 1) of the angle whose tangent is t / sqrt(degrees).
    """
    angles = np.linspace(0.0, math.pi / 2, 200_001)
    density = np.cos(angles) ** (degrees - 1)
    area = np.concatenate([[0.0], np.cumsum((density[1:] + density[:-1]) / 2)])
    at = np.interp((2 * probability - 1) * area[-1], area, angles)
    return math.sqrt(degrees) * math.tan(float(at))
