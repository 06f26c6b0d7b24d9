"""Every model against every runtime, every tensor: how many bytes were compared, and how many differ.

    make oracle MODELS='../shared/models/*.tflite'

The simulation is set against the runtime whose numerics it has. A model that a runtime refuses, or whose
operators the simulator lacks, has a row that says so. Exits with 4 where a byte differs.
"""

from __future__ import annotations

import os
import re
import sys
import textwrap
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from files import json_text
from firmware_sim.compare import Comparison, compare
from firmware_sim.oracles import Job, Oracle, record
from firmware_sim.samples import generated
from graph import tflite
from graph.errors import OracleError, SixmegError
from memory_planner import plan
from memory_planner.chip import load

BITS_DIFFER = 4
REMARK_CHARACTERS = 120
XNNPACK_FAMILIES = re.compile("mobilenet_v1|mobilenet_v2|mnv1|mbnet|resnet")
JOB_BYTES = 1 << 30
"""What one comparison needs at most, the runtime's process included."""


@dataclass(frozen=True, slots=True)
class Row:
    """One model against one runtime; `why` there is nothing to count, where there is nothing."""

    model: str
    oracle: str
    oracle_version: str = ""
    tensors: int = 0
    bytes_compared: int = 0
    bytes_different: int = 0
    max_abs_difference: int = 0
    first_difference: str = ""
    not_compared: int = 0
    why: str = ""


def row(path: Path, oracle: Oracle, samples: int, seed: int) -> Row:
    """Compare one model with one runtime."""
    blob = path.read_bytes()
    try:
        graph = tflite.read(blob)
        inputs = generated(graph, samples, seed)
        made = plan(graph, load("npu6m"))
    except SixmegError as error:
        return Row(path.stem, oracle.value, why=f"not read: {error}")
    try:
        answer = compare(blob, graph, made, oracle, inputs, workers=1, progress=False)
    except OracleError as error:
        return Row(path.stem, oracle.value, why=str(error))
    except SixmegError as error:
        return Row(path.stem, oracle.value, why=_not_simulated(error, Job(blob, inputs, ()), oracle))
    return Row(
        model=path.stem,
        oracle=oracle.value,
        oracle_version=answer.theirs.version,
        tensors=len(answer.tensors),
        bytes_compared=answer.bytes_compared,
        bytes_different=answer.bytes_different,
        max_abs_difference=answer.max_abs_difference,
        first_difference=_first(answer),
        not_compared=len(answer.not_compared),
    )


def _not_simulated(error: SixmegError, job: Job, oracle: Oracle) -> str:
    """Why the simulator does not run a model, and whether the runtime does."""
    try:
        record(oracle, Job(job.blob, tuple(array[:1] for array in job.inputs), ()))
    except OracleError as refusal:
        return f"neither runs it; the simulator: {error}; {refusal}"
    return f"the simulator lacks it: {error}"


def _belongs(path: Path, oracle: Oracle) -> bool:
    """Whether a model is one that a runtime is held to: of XNNPACK, the families whose operators it takes."""
    return oracle.value != "xnnpack" or XNNPACK_FAMILIES.search(path.stem) is not None


def _first(answer: Comparison) -> str:
    first = answer.first_difference
    if first is None:
        return ""
    where = f"{first.kind} (operator {first.op}), sample {first.sample}, at {list(first.index)}"
    return f"{where}: ours {first.ours}, theirs {first.theirs}"


def rows(paths: Sequence[Path], oracles: Iterable[Oracle], samples: int, seed: int) -> list[Row]:
    """All of them, several at a time where cores and memory allow; the largest models first."""
    jobs = [(path, oracle) for oracle in oracles for path in paths if _belongs(path, oracle)]
    by_size = sorted(range(len(jobs)), key=lambda i: -jobs[i][0].stat().st_size)
    free_bytes = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    workers = max(1, min(len(os.sched_getaffinity(0)), free_bytes // JOB_BYTES))
    found: dict[int, Row] = {}
    with threadpool_limits(limits=1, user_api="blas"), ThreadPoolExecutor(workers) as pool:
        done = pool.map(lambda i: (i, row(*jobs[i], samples, seed)), by_size)
        for i, answer in tqdm(done, total=len(jobs), desc="oracle", unit="comparison", disable=None):
            found[i] = answer
    return [found[i] for i in range(len(jobs))]


def table(title: str, answers: Iterable[Row]) -> Table:
    """One row a comparison."""
    made = Table("model", "oracle", "tensors", "bytes compared", "different", "remark", title=title)
    for a in answers:
        counts = (f"{a.tensors:,}", f"{a.bytes_compared:,}", f"{a.bytes_different:,}")
        unseen = f"{a.not_compared} tensors not shown" if a.not_compared else ""
        remark = a.first_difference or textwrap.shorten(a.why, REMARK_CHARACTERS, placeholder="...") or unseen
        style = "red" if a.bytes_different else "dim" if a.why else None
        made.add_row(a.model, a.oracle, *(("-", "-", "-") if a.why else counts), remark, style=style)
    return made


def totals(answers: Sequence[Row]) -> dict[str, int]:
    """Over all comparisons."""
    return {
        "bytes_compared": sum(a.bytes_compared for a in answers),
        "bytes_different": sum(a.bytes_different for a in answers),
        "models_compared": len({a.model for a in answers if not a.why}),
        "models": len({a.model for a in answers}),
    }


@click.command()
@click.argument("models", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--samples", type=click.IntRange(min=1), default=10, show_default=True, help="Inputs a model.")
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True, help="Of the inputs.")
@click.option(
    "--oracle",
    "chosen",
    multiple=True,
    type=click.Choice([oracle.value for oracle in Oracle]),
    help="A runtime; may be repeated.  [default: all]",
)
@click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
def main(models: tuple[Path, ...], samples: int, seed: int, chosen: tuple[str, ...], as_json: bool) -> None:
    """Compare every one of MODELS (.tflite) with every runtime, tensor by tensor, and print a table."""
    missing = [path for path in models if not path.is_file()]
    if missing:
        raise click.UsageError(f"{missing[0]}: no such file; give the paths of .tflite files")
    answers = rows(sorted(models), [Oracle(name) for name in chosen or list(Oracle)], samples, seed)
    summed = totals(answers)
    if as_json:
        content: dict[str, Any] = {"samples": samples, "seed": seed, **summed}
        click.echo(json_text({**content, "comparisons": [asdict(a) for a in answers]}), nl=False)
    else:
        console = Console(width=None if sys.stdout.isatty() else 160)
        for oracle in dict.fromkeys(a.oracle for a in answers):
            of_it = [a for a in answers if a.oracle == oracle]
            version = next((a.oracle_version for a in of_it if a.oracle_version), "")
            console.print(table(f"{oracle} ({version})" if version else oracle, of_it))
        click.echo(
            f"{summed['bytes_different']:,} of {summed['bytes_compared']:,} bytes differ;"
            f" {summed['models_compared']} of {summed['models']} models compared, {samples} inputs each"
        )
    sys.exit(BITS_DIFFER if summed["bytes_different"] else 0)


if __name__ == "__main__":
    main()
