"""The chips' speed held against what it was fitted to: rows, parameters, and errors of rows left out.

    make bench-chips [ANCHORS=../shared/anchors]

`--write` writes the fitted figures into the shipped chips.
"""

from __future__ import annotations

import csv
import math
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np
from tqdm import tqdm

from benchmarks.pages import as_table
from files import write_bytes
from memory_planner.cli_chip import unit_of
from memory_planner.cost.calibration import Calibration, calibrated
from memory_planner.cost.estimate import CONFIDENCE, student_quantile
from memory_planner.cost.fitting import Design, Fit, fitted_with
from memory_planner.cost.fitting import fit as fitted
from memory_planner.cost.written import toml

BOARDS = "board_ram_flash_latency.csv"
VELA = "vela_5.2.0_mobilenetv1_estimates.csv"
K210 = "k210_kpu_microbench.csv"
CHIPS = Path("memory_planner/chips")
ALL_MACS = ("conv+depthwise+pointwise",)


@dataclass(frozen=True, slots=True)
class Source:
    """What a shipped chip is fitted to; `independent` is the mean error of another's fit to the same."""

    chip: str
    base: str
    file: str
    board: str | None
    engine: str | None
    independent: str


SOURCES = (
    Source("stm32h747", "stm32h747", BOARDS, "STM32H747I-DISCO", "ST Edge AI Core 3.0.0", "2.2 %"),
    Source("stm32h747-cubeai10", "stm32h747", BOARDS, "STM32H747I-DISCO", "STM32Cube.AI 10.0.0", "2.2 %"),
    Source("stm32n6", "stm32n6", BOARDS, "STM32N6570-DK", "ST Edge AI Core 3.0.0", "3.5 %"),
    Source("gap8", "gap8", BOARDS, "GAP8 RevC", "GAPflow SDK 3.5", "5.0 % (4 corners to 12)"),
    Source("k210", "k210", K210, None, None, "2.9 %"),
    Source("ethos-u55-256", "ethos-u55-256", VELA, "ethos-u55-256 Shared_Sram", "Vela 5.2.0", "3.7 %"),
    Source(
        "ethos-u55-256-sram", "ethos-u55-256-sram", VELA, "ethos-u55-256 Sram_Only", "Vela 5.2.0", "3.7 %"
    ),
)


def as_profile(row: Mapping[str, str]) -> dict[str, object]:
    """A row of the K210's measurements as the row of a profile."""
    high, wide = row["height"], row["width"]
    cycles = float(row["latency_ms"]) * float(row["kpu_MHz"]) * 1e3
    sizes = {"hin": high, "win": wide, "hout": high, "wout": wide, "cin": row["cin"], "cout": row["cout"]}
    kept = {key: row[key] for key in ("kernel", "weights_bits")}
    return {"layer": f"{wide} x {high}", "kind": "conv", **sizes, **kept, "cycles": cycles}


def as_network(row: Mapping[str, str]) -> dict[str, object]:
    """A row of Vela's estimates as the row of a board."""
    clock_hz = float(row["core_clock_hz"])
    return {
        "model": "MobileNetV1",
        "alpha": row["alpha"],
        "res": row["res"],
        "board": f"{row['accelerator']} {row['memory_mode']}",
        "clock_MHz": clock_hz / 1e6,
        "latency_ms": float(row["cycles_total"]) / clock_hz * 1e3,
        "engine": "Vela 5.2.0",
    }


def made_from(source: Source, anchors: Path) -> Calibration:
    """The chip, fitted again."""
    kept: dict[str, Any] = {"base": source.base, "board": source.board, "engine": source.engine}
    if source.file == BOARDS:
        return calibrated(str(anchors / BOARDS), None, source.chip, **kept)
    convert = as_profile if source.file == K210 else as_network
    with (anchors / source.file).open(newline="") as file:
        rows = [convert(row) for row in csv.DictReader(file)]
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / source.file)
        with Path(path).open("w", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
        if source.file == K210:
            return calibrated(None, path, source.chip, **kept)
        return calibrated(path, None, source.chip, **kept, estimates=True)


def held(fit: Fit) -> float:
    """The share of rows that lie inside the interval of a fit to the rows of all other configurations."""
    inside = []
    for left in dict.fromkeys(s.configuration for s in fit.samples):
        others = [s for s in fit.samples if s.configuration != left]
        part = fitted_with(others, fit.base, fit.parameters)
        for k, sample in enumerate(fit.samples):
            if sample.configuration == left and part is not None:
                inverse = np.linalg.pinv(part.shares.T @ part.shares)
                leverage = float(fit.shares[k] @ inverse @ fit.shares[k])
                t = student_quantile((1 + CONFIDENCE) / 2, part.degrees)
                off = abs(math.log1p(fit.errors[k]))
                inside.append(off <= t * part.spread * math.sqrt(1 + leverage))
    return sum(inside) / len(inside) if inside else math.nan


def chosen_anew(fit: Fit) -> np.ndarray:
    """Errors of rows left out where the parameters, too, were chosen without them."""
    errors: list[float] = []
    for left in dict.fromkeys(s.configuration for s in fit.samples):
        made = fitted([s for s in fit.samples if s.configuration != left], fit.base)
        design = Design([s for s in fit.samples if s.configuration == left], fit.base, made.parameters)
        errors += (design.predict(np.array(made.values)) / design.wanted - 1).tolist()
    return np.array(errors)


def macs_alone(fit: Fit) -> float:
    """The mean error with one rate for all MACs and nothing else."""
    classes = {part for name in fit.parameters for part in name.split("+")} & set(ALL_MACS[0].split("+"))
    plain = fitted_with(fit.samples, fit.base, ["+".join(sorted(classes))])
    return plain.mean_error if plain else math.nan


def table(made: Mapping[Source, Calibration]) -> str:
    """Markdown."""
    errors = ("left out: mean error", "worst", "in the interval")
    rows = [("chip", "rows", "parameters", *errors, "MACs alone", "another fit")]
    for source, done in made.items():
        fit = done.fit
        rows.append(
            (
                f"`{source.chip}`",
                str(len(fit.samples)),
                f"{len(fit.parameters)}: {', '.join(fit.parameters)}",
                f"{100 * fit.mean_error:.1f} %",
                f"{100 * fit.worst_error:.1f} %",
                f"{100 * held(fit):.0f} %",
                f"{100 * macs_alone(fit):.1f} %",
                source.independent,
            )
        )
    return as_table(rows)


def rows_table(fit: Fit) -> str:
    """Each row with its time, and what a fit without its configuration says."""
    rows = [("row", "milliseconds", "left out", "error")]
    for sample, error in zip(fit.samples, fit.errors, strict=True):
        taken = 1e3 * sample.cycles / fit.base.clock_hz.value
        rows.append((sample.label, f"{taken:.4g}", f"{taken * (1 + error):.4g}", f"{100 * error:+.1f} %"))
    return as_table(rows)


@click.command()
@click.option("--anchors", default="../shared/anchors", type=click.Path(path_type=Path, exists=True))
@click.option("--anew", is_flag=True, help="Choose the parameters anew for each configuration left out.")
@click.option("--write", is_flag=True, help="Write the fitted figures into the shipped chips.")
def main(anchors: Path, anew: bool, write: bool) -> None:
    """Print the table; one configuration (network, ALPHA, RES, classes, channels) is left out at a time."""
    made = {
        s: made_from(s, anchors) for s in tqdm(SOURCES, desc="fit", unit="chip", disable=None, leave=False)
    }
    click.echo(table(made))
    for source, done in made.items():
        click.echo(f"\n{source.chip}\n{rows_table(done.fit)}")
        for name, value in zip(done.fit.parameters, done.fit.values, strict=True):
            click.echo(f"{name}: {value:.4g} {unit_of(name)}")
        for said in done.chip.fitted.shared if done.chip.fitted else ():
            click.echo(f"cannot be separated: {said}")
        if anew:
            errors = np.abs(chosen_anew(done.fit))
            click.echo(f"{source.chip}: chosen anew, {errors.mean():.1%} (mean), {errors.max():.1%} (worst)")
        if write:
            write_bytes(CHIPS / f"{source.chip}.toml", toml(done.chip).encode())


if __name__ == "__main__":
    main()
