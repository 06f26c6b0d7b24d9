"""The command line's front door: subcommands by name, errors as one line with an exit code."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence

import click

# Where each subcommand lives; imported when asked for, so that `gate` needs no compiler and no TensorFlow.
COMMANDS = {
    "train": "train.cli",
    "summary": "train.cli",
    "quantize": "quantize.cli",
    "quality": "quantize.cli_quality",
    "onnx": "quantize.cli",
    "plan": "memory_planner.cli",
    "gate": "memory_planner.cli_gate",
    "chip": "memory_planner.cli_chip",
    "arena": "memory_planner.cli_arena",
    "pack": "memory_planner.cli_pack",
    "inputs": "firmware_sim.cli_accuracy",
    "simulate": "firmware_sim.cli",
    "compare": "firmware_sim.cli_compare",
    "evaluate": "firmware_sim.cli_accuracy",
    "fps": "export.cli_fps",
    "export": "export.cli",
    "verify": "export.cli_verify",
    "report": "export.cli_report",
    "map": "export.cli_map",
    "firmware-test": "export.cli_firmware_test",
    "sweep": "experiments.cli",
    "experiment": "experiments.cli_study",
}

# What `pip install .` leaves out, and the extra that brings it.
EXTRAS = {
    "tensorflow": "train",
    "keras": "train",
    "tf2onnx": "train",
    "onnx": "onnx",
    "onnxruntime": "onnx",
    "cryptography": "sign",
}


class _LazyGroup(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        return getattr(importlib.import_module(COMMANDS[name]), name.replace("-", "_"))


@click.group(
    cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110}
)
@click.version_option(package_name="sixmeg")
def cli() -> None:
    """int8 deployment for AI chips that have 6 MB in all.

    Exit codes: 0 done (for gate: it fits), 2 usage or an input that cannot be used, 3 over budget,
    4 bits differ from the oracle.
    """


def main(argv: Sequence[str] | None = None) -> None:
    """Run one subcommand and exit; an input that cannot be used ends as one line on stderr and 2."""
    try:
        code = cli.main(args=argv, prog_name="sixmeg", standalone_mode=False)
    except click.exceptions.Abort:
        _fail("interrupted; what was finished is kept, run the same command again", 130)
    except click.ClickException as error:
        _fail(error.format_message(), error.exit_code)
    except ModuleNotFoundError as error:
        package = (error.name or "").split(".")[0]
        if package not in EXTRAS:
            raise
        _fail(f"this needs {package}, which is not installed; pip install 'sixmeg[{EXTRAS[package]}]'", 2)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        _fail(f"{where}{error.strerror or error}", 2)
    except Exception as error:
        exit_code = getattr(error, "exit_code", None)  # our error trees carry one; anything else is a bug
        if exit_code is None:
            raise
        _fail(str(error), exit_code)
    sys.exit(code if isinstance(code, int) else 0)


def _fail(message: str, code: int) -> None:
    line = " ".join(message.split())
    click.echo(f"sixmeg: error: {line}", err=True)
    sys.exit(code)


if __name__ == "__main__":
    main()
