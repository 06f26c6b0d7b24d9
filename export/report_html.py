"""report.html: one file that needs nothing else, made from report.json alone."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from markupsafe import Markup, escape

from export import heat, memory_map, roofline, speed_bars, verdict
from export.rendering import render

Report = Mapping[str, Any]

SIX_MB_BYTES = 6_000_000
# Colours by what writes a buffer, and what the legend calls them.
KINDS = {
    "input": "the input",
    "conv": "convolution",
    "depthwise": "depthwise",
    "pointwise": "pointwise, fully connected",
    "other": "everything else",
}


def page(report: Report) -> str:
    """The page of `report`; the same report gives the same page.

    Every number that stands for a value of report.json is a <data> element: `data-key` is its path there,
    `value` the value itself, the text what a person reads.
    """
    memory = report["memory"]
    layers = report["speed"]["layers"] if report["speed"] else None
    drawn = memory_map.layout(memory, layers) if memory else None
    return render(
        "report.html",
        report=report,
        headline=verdict.headline(report),
        lines=dict(line.split(": ", 1) for line in verdict.lines(report)),
        map=drawn,
        view=memory_map,
        kinds={k: v for k, v in KINDS.items() if drawn and any(r.kind == k for r in drawn.rects)},
        bar=_bar(memory) if memory else None,
        missing={gap["part"]: gap for gap in report["missing"]},
        show=lambda key, style="count": shown(report, key, style),
        short_name=memory_map.short_name,
        **_speed_pictures(report["speed"]),
        largest_share=max((layer["share"] for layer in layers or ()), default=1) or 1,
    )


def _speed_pictures(speed: Mapping[str, Any] | None) -> dict[str, Any]:
    """What the pictures of speed are drawn from; None for one that there is nothing for."""
    cells, layers = (speed["cells"], speed["layers"]) if speed else (None, [])
    colours = {memory_map.colour(layer["class"]) for layer in layers}
    return {
        "bars": speed_bars.bars(speed) if speed else None,
        "roofs": roofline.roofline(speed) if speed else None,
        "heat": heat.heat(cells) if cells else None,
        "bars_view": speed_bars,
        "heat_view": heat,
        "colour": memory_map.colour,
        "layer_kinds": {kind: words for kind, words in KINDS.items() if kind in colours},
    }


def value_at(report: Report, key: str) -> Any:
    """The value at a dotted path.

    >>> value_at({"speed": {"layers": [{"op": 3}]}}, "speed.layers.0.op")
    3
    """
    found: Any = report
    for part in key.split("."):
        found = found[int(part)] if isinstance(found, list) else found[part]
    return found


def shown(report: Report, key: str, style: str = "count") -> Markup:
    """The value at `key` as a <data> element, in the `style` that `text_of` knows."""
    value = value_at(report, key)
    if value is None:
        return Markup('<span class="none">not known</span>')
    element = Markup('<data data-key="{}" value="{}">{}</data>')
    return element.format(key, _plain(value), text_of(value, style))


def text_of(value: Any, style: str) -> str:
    """What a person reads.

    >>> text_of(6291456, "count"), text_of(32.0, "count"), text_of(0.61234, "percent"), text_of(98.76, "rate")
    ('6,291,456', '32', '61.2 %', '98.8')
    """
    match style:
        case "percent":
            return verdict.percent(value)
        case "rate":
            return f"{value:,.1f}"
        case "text":
            return str(value)
        case _:
            whole = isinstance(value, float) and value.is_integer()
            return f"{int(value) if whole else value:,}"


def _plain(value: Any) -> str:
    """A number without an exponent or a needless point, anything else as it is."""
    if isinstance(value, float):
        return f"{Decimal(repr(value)):f}"
    return str(escape(value))


def _bar(memory: Mapping[str, Any]) -> dict[str, Any]:
    """The budget as one bar: widths in per cent of the larger of budget and required."""
    full = max(memory["budget_bytes"], memory["required_bytes"], 1)
    parts = [("weights", "weights_bytes"), ("state", "state_bytes"), ("arena", "arena_bytes")]
    segments = [
        {"kind": kind, "key": f"memory.{key}", "width": round(100 * memory[key] / full, 3)}
        for kind, key in parts
        if memory[key]
    ]
    if memory["margin_bytes"] > 0:
        width = round(100 * memory["margin_bytes"] / full, 3)
        segments.append({"kind": "free", "key": "memory.margin_bytes", "width": width})
    return {
        "segments": segments,
        "budget_at": round(100 * memory["budget_bytes"] / full, 3),
        "six_mb_at": round(100 * SIX_MB_BYTES / full, 3) if full >= SIX_MB_BYTES else None,
    }
