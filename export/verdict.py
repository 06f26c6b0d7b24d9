"""The verdict in words, from report.json alone; the command line and the page say the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from graph.floats import FloatOperator, told

Report = Mapping[str, Any]


def percent(fraction: float) -> str:
    """A fraction of 1, to a tenth of a per cent.

    >>> percent(0.61234)
    '61.2 %'
    """
    return f"{100 * fraction:.1f} %"


def headline(report: Report) -> str:
    """Whether it fits, in a few words."""
    fits, chip = report["verdict"]["fits"], report["chip"] or "the chip"
    if fits is None:
        return "Not planned yet"
    return f"Fits {chip}" if fits else f"Does not fit {chip}"


def lines(report: Report) -> list[str]:
    """One line each for memory, speed, accuracy and bits; a part that is missing names its command.

    One more where emulated boards were tried, and where a model computes in floating point.
    """
    missing = {gap["part"]: f"not known; run {gap['command']}" for gap in report["missing"]}
    said = {
        "memory": memory_line(report),
        "speed": speed_line(report),
        "accuracy": accuracy_line(report),
        "bits": bits_line(report),
    }
    parts = [f"{part}: {line or missing[part]}" for part, line in said.items()]
    more = {"boards": boards_line(report), "floats": floats_line(report)}
    return [*parts, *(f"{part}: {line}" for part, line in more.items() if line)]


def boards_line(report: Report) -> str | None:
    """Instructions per inference of each board that passed, and why another did not."""
    if report["boards"] is None:
        return None
    said = (
        f"{on['machine']} PASS, {on['instructions']:,} instructions"
        if on["pass"]
        else f"{on['machine']} FAIL, {on['why']}"
        for on in report["boards"]["machines"]
    )
    return "; ".join(said)


def floats_line(report: Report) -> str | None:
    """What no int8 chip runs; None where there is nothing of it, or nothing is known."""
    found = report["float_operators"] or ()
    return told([FloatOperator(**operator) for operator in found]) if found else None


def memory_line(report: Report) -> str | None:
    """Required against budget, with the margin."""
    verdict = report["verdict"]
    if verdict["fits"] is None:
        return None
    used = f"{verdict['required_bytes']:,} of {verdict['budget_bytes']:,} bytes"
    if verdict["budget_bytes"]:
        used += f" ({percent(verdict['required_bytes'] / verdict['budget_bytes'])})"
    if verdict["fits"]:
        return f"fits: {used}, {verdict['margin_bytes']:,} to spare"
    return f"over budget: {used}, {-verdict['margin_bytes']:,} too many"


def speed_line(report: Report) -> str | None:
    """Frames per second, as the estimate that they are, with its interval."""
    speed = report["speed"]
    if speed is None:
        return None
    counts = f"{speed['cycles']:,} cycles, {speed['macs']:,} MACs"
    interval = f"{speed['fps_low']:.1f} to {speed['fps_high']:.1f}"
    beyond = ", extrapolated" if speed["extrapolated"] else ""
    return f"{speed['fps']:.1f} fps estimated on {report['chip']} ({interval}{beyond}): {counts}"


def accuracy_line(report: Report) -> str | None:
    """int8 and float side by side, and how often they agree."""
    accuracy = report["accuracy"]
    if accuracy is None:
        return None
    said = [f"int8 {percent(accuracy['int8_top1'])}"]
    if accuracy["float_top1"] is not None:
        said.append(f"float {percent(accuracy['float_top1'])}")
    if accuracy["agreement"] is not None:
        said.append(f"same answer {percent(accuracy['agreement'])}")
    return f"{', '.join(said)} of {accuracy['samples']:,} pictures ({accuracy['data']})"


def bits_line(report: Report) -> str | None:
    """Bytes different of bytes compared, for each oracle."""
    if report["bits"] is None:
        return None
    said = (
        f"{c['bytes_different']:,} of {c['bytes_compared']:,} bytes differ"
        f" from {c['oracle']} ({c['oracle_version']})"
        for c in report["bits"]
    )
    return "; ".join(said)
