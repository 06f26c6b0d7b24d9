"""`sixmeg firmware-test`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from export.c.boards import BOARDS
from export.emulation import SPEED, Booted, boot, require_tools
from export.errors import ExportError
from files import json_text, write_bytes

OVER_BUDGET = 3
BITS_DIFFER = 4


@click.command(name="firmware-test")
@click.argument("folder", type=click.Path())
@click.option(
    "--machine",
    "machines",
    type=click.Choice(list(BOARDS)),
    multiple=True,
    help="Where it boots; may be repeated.  [default: all of them]",
)
@click.option("--cflags", default=SPEED, show_default=True, help="The compiler's flags beside the machine's.")
@click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
@click.option("-o", "--output", type=click.Path(dir_okay=False), help="firmware_test.json, for the report.")
@click.pass_context
def firmware_test(
    ctx: click.Context, folder: str, machines: tuple[str, ...], cflags: str, as_json: bool, output: str | None
) -> None:
    """Build FOLDER (sixmeg export --target c) for boards, boot it in QEMU and run its golden vectors.

    Exits with 3 where constants and arena do not fit the chip's memory (it does not link), with 4 where a
    vector's bits differ or the firmware does not come to its end.
    """
    from tqdm import tqdm

    wanted = machines or tuple(BOARDS)
    require_tools(wanted)
    made = described(folder)
    booted = [
        boot(folder, machine, cflags)
        for machine in tqdm(wanted, desc="firmware-test", unit="board", disable=None, leave=False)
    ]
    answer = record(made, booted)
    if output is not None:
        write_bytes(output, json_text(answer).encode())
    click.echo(json_text(answer) if as_json else "\n".join(lines(answer)), nl=not as_json)
    ctx.exit(exit_code(booted))


def described(folder: str | Path) -> dict[str, Any]:
    """What the folder's manifest says of it.

    Raises: ExportError where it is no folder with C of its own.
    """
    try:
        told = json.loads(Path(folder, "manifest.json").read_text())
        chip, model = told["chip"], told["model"]
        return {
            "model": told["name"],
            "model_sha256": model["sha256"],
            "chip": chip["name"],
            "input": "streamed" if any(step["delivered"] for step in told["plan"]["steps"]) else "whole",
            "fits": chip["fits"],
            "required_bytes": chip["required_bytes"],
            "budget_bytes": chip["budget_bytes"],
        }
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ExportError(f"{folder}: no folder of sixmeg export --target c; write it first") from error


def record(made: dict[str, Any], booted: Sequence[Booted]) -> dict[str, Any]:
    """The answer as JSON; `pass` where all boards passed."""
    return {
        **made,
        "pass": all(one.passed for one in booted),
        "machines": [
            {"pass" if key == "passed" else key: value for key, value in asdict(one).items()}
            for one in booted
        ],
    }


def exit_code(booted: Sequence[Booted]) -> int:
    if any(one.links and not one.passed for one in booted):
        return BITS_DIFFER
    return 0 if all(one.passed for one in booted) else OVER_BUDGET


def lines(answer: dict[str, Any]) -> list[str]:
    """What a person reads: a verdict, and a line for each board and each of its memories."""
    verdict = "PASS" if answer["pass"] else "FAIL"
    boards = ", ".join(one["machine"] for one in answer["machines"])
    said = [f"{answer['model']}: {verdict} on {boards}"]
    if answer["fits"] and any(one["lacking_in"] == "CHIP" for one in answer["machines"]):
        said.append(f"WRONG: the export counted {answer['required_bytes']:,} bytes, which would fit")
    for one in answer["machines"]:
        said.append(f"{one['machine']}: {_outcome(one)}")
        said += [f"  {_memory(used)}" for used in one["memory"]]
        said += [f"  digest {n}: {digest}" for n, digest in enumerate(one["digests"])]
    return said


def _outcome(one: dict[str, Any]) -> str:
    if not one["pass"]:
        return f"FAIL: {one['why']}"
    parts = (("text", "text_bytes"), ("constants", "constant_bytes"), ("arena", "arena_bytes"))
    sizes = ", ".join(f"{name} {one[key]:,}" for name, key in parts)
    return f"PASS: {one['instructions']:,} instructions per inference; {sizes} bytes"


def _memory(used: dict[str, Any]) -> str:
    share = 100 * used["used_bytes"] / used["size_bytes"]
    return f"{used['region']}: {used['used_bytes']:,} of {used['size_bytes']:,} bytes ({share:.2f} %)"
