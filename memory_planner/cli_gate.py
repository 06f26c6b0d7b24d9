"""`sixmeg gate`."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import click
import msgspec

from files import write_bytes
from graph.errors import ModelError
from memory_planner import chip as chips
from memory_planner.cli import reserve_option
from memory_planner.gate import growth, settings
from memory_planner.gate.answer import RUNTIMES, Terms, answer
from memory_planner.gate.formats import FORMATS
from memory_planner.gate.text import text
from memory_planner.gate.verdict import Verdict, exit_code
from memory_planner.gate.why import why
from memory_planner.reservations import reserving, with_budget
from memory_planner.tflm.layout import ABIS


@click.command()
@click.argument("models", nargs=-1, type=click.Path())
@click.option("--chip", help="A chip's name, or its TOML.  [default: npu6m]")
@reserve_option
@click.option("--budget", help="Bytes to hold MODELS to instead of the chip's memory: 6MiB, 100KB, 6000000.")
@click.option(
    "--runtime",
    type=click.Choice(RUNTIMES),
    help="tflm: the whole .tflite, head and tail; c: emitted constants and our arena, overlapped and "
    "streamed; any: the same with tensors whole and apart.  [default: tflm]",
)
@click.option("--planned", is_flag=True, default=None, help="Count the head that our plan gives (tflm).")
@click.option("--abi", type=click.Choice(list(ABIS)), help="Whose pointers (tflm).  [default: cortex-m]")
@click.option("--baseline", type=click.Path(), help="A JSON of an earlier run: say what grew since.")
@click.option("--max-growth", help="Growth since the baseline that is allowed, such as 2% or 10KB.")
@click.option(
    "--min-fps",
    type=click.FloatRange(0, 1e9, min_open=True),
    help="Frames a second that the lower end of the chip's estimate must reach.",
)
@click.option("--why", is_flag=True, default=None, help="Say which three changes would bring most.")
@click.option("--format", type=click.Choice(list(FORMATS)), help="What to print.  [default: text]")
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.option("-o", "--output", type=click.Path(dir_okay=False), help="Write that to this file; print text.")
@click.option(
    "--config", type=click.Path(), help="Settings from this file, not sixmeg.toml or pyproject.toml."
)
@click.pass_context
def gate(ctx: click.Context, models: tuple[str, ...], **options: Any) -> None:
    """Say whether MODELS (.tflite) fit the chip; exit with 0 if all do, 3 if one does not.

    What is not given here is taken from the table [tool.sixmeg.gate] of pyproject.toml, or from sixmeg.toml.
    """
    given = _settings(models, options)
    if not given.models:
        raise click.UsageError("which model? give a .tflite, or `models` in sixmeg.toml (docs/gate.md)")
    terms = _terms(given)
    if given.min_fps is not None and math.isnan(given.min_fps):
        raise click.UsageError("--min-fps is no number; write it like 30")
    limit = growth.limit(given.max_growth) if given.max_growth else None
    if limit and not given.baseline:
        raise click.UsageError("--max-growth needs the --baseline that it counts from")
    before = growth.read(given.baseline) if given.baseline else None
    shown = "json" if options["as_json"] else given.format or "text"
    is_alone = len(given.models) == 1 and shown in ("text", "json")
    verdicts = [_verdict(model, terms, before, limit, bool(given.why), is_alone) for model in given.models]
    told = FORMATS[shown](verdicts)
    if options["output"]:
        write_bytes(options["output"], told.encode())
        told = text(verdicts)
    click.echo(told, nl=False)
    for verdict in verdicts:
        if verdict.error:
            click.echo(f"sixmeg: error: {verdict.error}", err=True)
    ctx.exit(exit_code(verdicts))


def _settings(models: tuple[str, ...], options: dict[str, Any]) -> settings.Settings:
    """The file's, with what the command line says in their place."""
    kept, _ = settings.read(options["config"]) if options["config"] else settings.found_in(Path())
    keys = [*("chip", "budget", "runtime", "planned", "abi", "baseline", "max_growth")]
    keys += ["min_fps", "why", "format"]
    said = {key: options[key] for key in keys if options[key] is not None}
    if models:
        said["models"] = models
    return msgspec.structs.replace(kept, reserve=(*kept.reserve, *options["reservations"]), **said)


def _terms(given: settings.Settings) -> Terms:
    chip = chips.load(given.chip or "npu6m")
    if given.budget:
        chip = with_budget(chip, chips.parse_bytes(given.budget))
    chip = reserving(chip, given.reserve)
    defaults = Terms(chip)
    return Terms(
        chip,
        given.runtime or defaults.runtime,
        given.planned or defaults.planned,
        given.abi or defaults.abi,
        given.min_fps,
    )


def _verdict(
    model: str,
    terms: Terms,
    before: dict[str, Any] | None,
    limit: growth.Limit | None,
    with_why: bool,
    is_alone: bool,
) -> Verdict:
    """What cannot be used is told beside the other models; alone it ends the command."""
    try:
        found = answer(model, terms)
    except ModelError as error:
        if is_alone:
            raise
        return Verdict(model, error=" ".join(str(error).split()))
    grown = None if before is None else growth.growth(found, before)
    return Verdict(model, found, growth=grown, limit=limit, why=why(found) if with_why else None)
