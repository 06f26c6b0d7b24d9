"""`sixmeg export`."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

import click

from files import write_bytes
from memory_planner.for_c import arena_option

if TYPE_CHECKING:
    from export.firmware import Firmware
    from export.pixels import PixelRule
    from export.tflm_form import TflmForm, Unplanned
    from graph.types import Graph
    from memory_planner.chip import Chip
    from memory_planner.for_c import ForC
    from memory_planner.types import Plan

STREAMED, ONNX = "streamed", ".onnx"
WHY_NO_TFLM = {"c": "the folder's own C runs the model", "onnx": "the model is handed over as ONNX"}
KEPT_OF_A_COMPARISON = (
    *("oracle", "oracle_version", "numerics", "samples", "seed"),
    *("bytes_compared", "bytes_different", "max_abs_difference"),
)


@click.command()
@click.argument("model", type=click.Path())
@click.option(
    "--chip", "chip_name", default="npu6m", show_default=True, help="A shipped chip's name, or a TOML."
)
@click.option("--name", help="Prefix of the C symbols; the file's name without .tflite if left out.")
@click.option(
    "--target",
    type=click.Choice(["tflm", "c", "onnx"]),
    default="tflm",
    show_default=True,
    help="Who runs it: TensorFlow Lite Micro, C of the folder's own, or what reads ONNX.",
)
@click.option(
    "--form",
    type=click.Choice(["qdq", "integer"]),
    help="Of ONNX: float between Q and DQ, or integers to the firmware's bits.  [default: qdq]",
)
@click.option(
    "--input",
    "inputs",
    type=click.Path(),
    multiple=True,
    help="Golden inputs as .npy (N, H, W, C), seeded without; `streamed`: rows of a sensor (--target c).",
)
@click.option(
    "--minimize",
    type=click.Choice(["peak", "latency"]),
    default="peak",
    show_default=True,
    help="The arena, or how often weights are read while it fits the chip (--target c).",
)
@arena_option
@click.option("--samples", type=click.IntRange(1, 64), default=8, show_default=True, help="Golden vectors.")
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of the inputs that are not given.")
@click.option(
    "--pixel-scale", help="With --pixel-offset: real = pixel * scale + offset, such as 2/255 and -1."
)
@click.option("--pixel-offset", help="See --pixel-scale.")
@click.option("--calibration", type=click.Path(), help="calibration.json, to be named in the manifest.")
@click.option(
    "--compare", "compared", type=click.Path(), multiple=True, help="compare_*.json; may be repeated."
)
@click.option(
    "--sign", "key_path", type=click.Path(), help="A private Ed25519 key (PEM) to sign the manifest with."
)
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(),
    help="The folder to write; or an .onnx file.",
)
def export(model: str, output: str, **options: Any) -> None:
    """Write the folder that firmware engineers get: MODEL (.tflite), C, golden vectors, manifest."""
    from tqdm import tqdm

    from export import folder

    target, said = options["target"], list[str]()
    _need_target(output, **options)
    with tqdm(total=3, desc="export", disable=None, leave=False) as bar:
        gathered = _gathered(model, **options)
        bar.update()
        if target == "onnx":
            from export.onnx import folder as onnx_folder

            made, said = onnx_folder.files(gathered, options["form"] or "qdq")
        else:
            made = _files(gathered, target)
        bar.update()
        if output.endswith(ONNX):
            made = {"model.onnx": made["model.onnx"]}
            write_bytes(output, made["model.onnx"])
        else:
            folder.write_folder(output, made)
        bar.update()
    click.echo("".join(f"{line}\n" for line in said), nl=False)
    margin, chip = gathered.fit.margin_bytes, gathered.chip.name
    fits = f"fits {chip}" if margin >= 0 else f"over the budget of {chip} by {-margin:,} bytes"
    click.echo(f"{output}: {len(made)} files, {sum(map(len, made.values())):,} bytes; {fits}")


def _need_target(output: str, target: str, form: str | None, key_path: str | None, **_: Any) -> None:
    """Refuse what only ONNX, or only a folder, can have."""
    one_file = output.endswith(ONNX)
    if target != "onnx" and form is not None:
        raise click.UsageError("--form is for --target onnx alone")
    if target != "onnx" and one_file:
        raise click.UsageError(f"{output}: one file is for --target onnx alone; give a folder")
    if one_file and key_path is not None:
        raise click.UsageError(f"{output}: one file has no manifest to sign; give a folder")
    if not one_file and Path(output).is_file():
        raise click.UsageError(f"{output} is a file; give a folder")


def _files(gathered: Firmware, target: str) -> dict[str, bytes]:
    from export import firmware
    from export.c import folder as c_folder

    return c_folder.files(gathered) if target == "c" else firmware.files(gathered)


def _gathered(model: str, **options: Any) -> Firmware:
    """All that the folder is made from; the simulator gives the golden outputs."""
    from export import golden, stages, tflm_arena
    from export.firmware import Firmware
    from export.signing import Signer
    from export.tflm_form import Unplanned, tflm_form
    from firmware_sim.program import prepare
    from firmware_sim.run import run_batch
    from graph import tflite
    from memory_planner import chip as chips

    signer = Signer.read(options["key_path"]) if options["key_path"] else None
    given_inputs, for_c = _inputs(options["inputs"], options["target"], options["minimize"], options["arena"])
    graph, chip = tflite.read_file(model), chips.load(options["chip_name"])
    blob = Path(model).read_bytes()
    rule = _pixel_rule(options["pixel_scale"], options["pixel_offset"])
    told = stages.read({}, tuple(options["compared"])).comparisons
    oracles = [_of_this_model(comparison, blob) for comparison in told]
    calibration = _calibration(options["calibration"])
    tensor = golden.input_tensor(graph)
    given = golden.read_inputs(given_inputs, tensor, rule) if given_inputs else None
    planned = _planned(graph, chip, for_c)
    why = WHY_NO_TFLM.get(options["target"])
    form = Unplanned(why) if why else tflm_form(graph, blob)
    program = prepare(graph, planned)
    vectors = golden.make(
        graph,
        lambda batch: run_batch(program, batch, progress=False),
        given=given,
        count=options["samples"],
        seed=options["seed"],
    )
    return Firmware(
        name=options["name"] or Path(model).name.removesuffix(".tflite"),
        blob=blob,
        graph=graph,
        plan=planned,
        chip=chip,
        vectors=vectors,
        tflm=tflm_arena.Unmeasured(why) if why else tflm_arena.measure(_given(form, blob)),
        form=form,
        pixels=rule,
        oracles=oracles,
        calibration=calibration,
        signer=signer,
    )


def _given(form: TflmForm | Unplanned, blob: bytes) -> bytes:
    """The model that TensorFlow Lite Micro gets."""
    from export.tflm_form import Unplanned

    return blob if isinstance(form, Unplanned) else form.planned


def _inputs(
    inputs: tuple[str, ...], target: str, minimize: str, arena: str | None
) -> tuple[str | None, ForC | None]:
    """The file of golden inputs, and how a plan for C is to be made.

    Raises: click.UsageError where both cannot be meant.
    """
    from memory_planner.for_c import ForC

    files = [word for word in inputs if word != STREAMED]
    streamed = STREAMED in inputs
    if len(files) > 1:
        raise click.UsageError("--input takes one file, and the word streamed")
    if target != "c" and (streamed or minimize != "peak"):
        raise click.UsageError("--input streamed and --minimize latency are for --target c alone")
    for_c = ForC.of("c", STREAMED if streamed else "whole", minimize, arena) if target == "c" else None
    return (files[0] if files else None), for_c


def _planned(graph: Graph, chip: Chip, for_c: ForC | None) -> Plan:
    """Checked for operators that the emitted C lacks before anything is planned or run."""
    from export.c.operators import emitted
    from memory_planner.plan import plan

    if for_c is None:
        return plan(graph, chip)
    emitted(graph)
    return for_c.plan(graph, chip)


def _of_this_model(comparison: Mapping[str, Any], blob: bytes) -> dict[str, Any]:
    """What the manifest keeps of a comparison; one that names another model's hash is refused."""
    from export.errors import ExportError

    told = comparison.get("model_sha256")
    if told is not None and told != hashlib.sha256(blob).hexdigest():
        raise ExportError(f"the comparison with {comparison.get('oracle')} is of another model; run it again")
    return {key: comparison.get(key) for key in KEPT_OF_A_COMPARISON}


def _pixel_rule(scale: str | None, offset: str | None) -> PixelRule | None:
    from export.errors import ExportError
    from export.pixels import PixelRule

    if scale is None and offset is None:
        return None
    if scale is None or offset is None:
        raise ExportError("--pixel-scale and --pixel-offset go together, such as 2/255 and -1")
    return PixelRule.parse(scale, offset)


def _calibration(path: str | None) -> dict[str, Any] | None:
    from export import stages
    from export.errors import ExportError

    if path is None:
        return None
    read = stages.read({"quantize": path})
    listed = read.quantize or {}
    if "sha256" not in listed or "samples" not in listed:
        raise ExportError(
            f"{path}: no list of calibration samples; give the calibration.json of sixmeg quantize"
        )
    return {
        "sha256": listed["sha256"],
        "samples": len(listed["samples"]),
        "data": PurePath(str(listed.get("data"))).name,
        "data_sha256": listed.get("data_sha256"),
        "split": listed.get("split"),
        "seed": listed.get("seed"),
    }
