"""A folder's golden vectors on an emulated board: built, linked, booted, counted."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from export.c.boards import BOARDS, Board
from export.errors import ExportError

TIMEOUT_S = 1800
SPEED = "-O2"
PACKAGES: Mapping[str, str] = {
    "make": "make",
    "arm-none-eabi-gcc": "gcc-arm-none-eabi libnewlib-arm-none-eabi",
    "nano.specs": "libnewlib-arm-none-eabi",
    "qemu-system-arm": "qemu-system-arm",
    "riscv64-unknown-elf-gcc": "gcc-riscv64-unknown-elf picolibc-riscv64-unknown-elf",
    "picolibc.specs": "picolibc-riscv64-unknown-elf",
    "qemu-system-riscv64": "qemu-system-misc",
}
"""Debian's and Ubuntu's packages of each program, and of the C library that a compiler looks for."""

_MEMORY = re.compile(r"^ *(\w+): +(\d+) (B|KB|MB|GB) +(\d+) (B|KB|MB|GB) ", re.M)
_SECTION = re.compile(r"^\.(\w+) +(\d+) +\d+$", re.M)
_VECTOR = re.compile(r"^\w+ \d+:((?: [0-9a-f]{8})+) (ok|WRONG)(?:, ticks (\d+))?$", re.M)
_OVERFLOW = re.compile(r"region `(\w+)' overflowed by (\d+) bytes")
_UNITS = {"B": 1, "KB": 1 << 10, "MB": 1 << 20, "GB": 1 << 30}


class MissingToolsError(ExportError):
    """Programs that are not installed; the message names their packages."""


@dataclass(frozen=True, slots=True)
class Used:
    """What the linker put into one of a board's memories."""

    region: str
    used_bytes: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Booted:
    """A folder on one board. `instructions` are those of the vector that took most, with the copies of its
    input and output; `text_bytes` all code and constants of the program but the network's; where the program
    does not link, `lacking_bytes` is what its memory lacks, and what was not reached is None.
    """

    machine: str
    cflags: str
    passed: bool = False
    links: bool = False
    lacking_bytes: int = 0
    lacking_in: str | None = None
    why: str | None = None
    instructions: int | None = None
    instructions_each: tuple[int, ...] = ()
    digests: tuple[str, ...] = ()
    vectors_different: int | None = None
    text_bytes: int | None = None
    data_bytes: int | None = None
    constant_bytes: int | None = None
    arena_bytes: int | None = None
    memory: tuple[Used, ...] = ()


def missing_tools(machines: Sequence[str]) -> list[str]:
    """Programs that these machines need and that are not there, or the C library of a compiler that is."""
    boards = [BOARDS[machine] for machine in machines]
    programs = ["make", *(p for board in boards for p in (board.compiler, board.emulator))]
    missing = [program for program in dict.fromkeys(programs) if shutil.which(program) is None]
    libraries = {b.link.removeprefix("--specs="): b.compiler for b in boards if b.compiler not in missing}
    return missing + [specs for specs, compiler in libraries.items() if not _knows(compiler, specs)]


def _knows(compiler: str, file: str) -> bool:
    asked = [compiler, f"-print-file-name={file}"]
    return Path(
        subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip()
    ).is_absolute()


def require_tools(machines: Sequence[str]) -> None:
    """Raises: MissingToolsError, which says what to install."""
    missing = missing_tools(machines)
    if missing:
        packages = " ".join(dict.fromkeys(" ".join(PACKAGES[name] for name in missing).split()))
        raise MissingToolsError(f"not installed: {', '.join(missing)}; apt-get install {packages}")


def boot(folder: str | Path, machine: str, cflags: str = SPEED, timeout_s: float = TIMEOUT_S) -> Booted:
    """The folder's own Makefile builds and boots it, in a copy; `cflags` come beside the machine's own.

    Raises: MissingToolsError; ExportError where it is no folder with C of its own, or does not compile.
    """
    require_tools([machine])
    board, source = BOARDS[machine], Path(folder)
    if not (source / "boards.mk").is_file() or not (source / f"{machine}.ld").is_file():
        raise ExportError(
            f"{folder}: nothing that boots on {machine} in it; sixmeg export --target c writes it"
        )
    with tempfile.TemporaryDirectory(prefix="sixmeg-boot-") as work:
        copy = Path(work, "firmware")
        shutil.copytree(source, copy, ignore=shutil.ignore_patterns("*.o", "*.elf", "*.a"))
        make = ["make", "-s", f"MACHINE={machine}", f"CFLAGS={cflags}"]
        status, told, errors = _run([*make, f"{machine}.elf"], copy, timeout_s)
        built = _linked(Booted(machine, cflags), told)
        if status != 0:
            return _not_linked(built, errors, folder)
        status, told, errors = _run([*make, "boot"], copy, timeout_s)
    return _ran(replace(built, links=True), board, status, told, errors)


def _linked(booted: Booted, told: str) -> Booted:
    sections = {name: int(size) for name, size in _SECTION.findall(told)}
    memory = tuple(
        Used(region, int(used) * _UNITS[unit], int(size) * _UNITS[of])
        for region, used, unit, size, of in _MEMORY.findall(told)
    )
    if not sections:
        return replace(booted, memory=memory)
    return replace(
        booted,
        memory=memory,
        text_bytes=sections.get("text", 0) + sections.get("ARM", 0),
        data_bytes=sections.get("data", 0) + sections.get("bss", 0),
        constant_bytes=sections.get("weights", 0),
        arena_bytes=sections.get("arena", 0),
    )


def _not_linked(built: Booted, errors: str, folder: str | Path) -> Booted:
    lacking = {region: int(size) for region, size in _OVERFLOW.findall(errors)}
    if not lacking:
        said = [line for line in errors.splitlines() if "error" in line.lower()] or errors.splitlines()
        raise ExportError(
            f"{folder}: does not build for {built.machine}: {said[0] if said else 'no message'}"
        )
    region = "CHIP" if "CHIP" in lacking else min(lacking)
    return replace(
        built,
        lacking_bytes=lacking[region],
        lacking_in=region,
        why=f"does not link: {region} lacks {lacking[region]:,} bytes",
    )


def _ran(built: Booted, board: Board, status: int, told: str, errors: str) -> Booted:
    vectors = _VECTOR.findall(told)
    each = tuple(int(int(ticks) * board.instructions_per_tick) for _, _, ticks in vectors if ticks)
    different = sum(verdict == "WRONG" for _, verdict, _ in vectors)
    passed = status == 0 and bool(vectors) and "\nPASS: " in told
    why = None
    if not passed:
        last = [line for line in (*errors.splitlines(), *told.splitlines()) if line.strip()]
        why = (
            f"{different} of {len(vectors)} vectors differ" if different else f"stopped: {(last or [''])[-1]}"
        )
    return replace(
        built,
        passed=passed,
        why=why,
        instructions=max(each, default=None),
        instructions_each=each,
        digests=tuple(digest.strip() for digest, _, _ in vectors),
        vectors_different=different,
    )


def _run(command: Sequence[str], folder: Path, timeout_s: float) -> tuple[int, str, str]:
    """Exit code and what was said, in English; whatever runs is ended with it."""
    process = subprocess.Popen(
        command,
        cwd=folder,
        env={**os.environ, "LC_ALL": "C", "MAKEFLAGS": ""},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    try:
        told, errors = process.communicate(timeout=timeout_s)
    except BaseException as error:
        os.killpg(process.pid, signal.SIGKILL)
        told, errors = process.communicate()
        if not isinstance(error, subprocess.TimeoutExpired):
            raise
        errors += f"\nnot done after {timeout_s:g} s"
    return process.returncode, told, errors
