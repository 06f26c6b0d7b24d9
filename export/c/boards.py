"""Emulated boards on which a folder's golden vectors run: compilers, memories, emulators."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

KIB, MIB = 1 << 10, 1 << 20
CORTEX_M, RISCV = "cortex_m", "riscv64"


@dataclass(frozen=True, slots=True)
class Region:
    """Memory of a board: from `origin` on."""

    origin: int
    length: int


@dataclass(frozen=True, slots=True)
class Board:
    """A machine of QEMU. The chip's one memory is cut out of `chip`; golden vectors lie behind it.

    `instructions_per_tick` is what one count of `board_ticks` stands for under `-icount shift=0`, where an
    instruction takes a nanosecond: SysTick counts at 32 MHz on mps3-an547, at 25 MHz on mps2-an500.
    """

    name: str
    title: str
    family: str
    prefix: str
    flags: str
    link: str
    qemu: str
    code: Region
    data: Region
    chip: Region
    instructions_per_tick: float

    @property
    def compiler(self) -> str:
        return f"{self.prefix}gcc"

    @property
    def emulator(self) -> str:
        return self.qemu.split()[0]

    def regions(self, budget_bytes: int) -> Mapping[str, Region]:
        """The linker's memories, for a chip that has `budget_bytes` for constants and arena together."""
        begin = -(-budget_bytes // (64 * KIB)) * 64 * KIB
        golden = Region(self.chip.origin + begin, self.chip.length - begin)
        return {
            "CODE": self.code,
            "DATA": self.data,
            "CHIP": Region(self.chip.origin, budget_bytes),
            "GOLDEN": golden,
        }


_ARM = {"family": CORTEX_M, "prefix": "arm-none-eabi-", "link": "--specs=nano.specs"}
_OPTIONS = "-nographic -monitor none -icount shift=0"
_SEMIHOSTING = (
    f"-serial none {_OPTIONS} -chardev stdio,id=console"
    " -semihosting-config enable=on,target=native,chardev=console"
)

BOARDS: Mapping[str, Board] = MappingProxyType(
    {
        board.name: board
        for board in (
            Board(
                name="cortex-m55",
                title="Cortex-M55 with Helium, mps3-an547",
                **_ARM,
                flags="-mcpu=cortex-m55 -mthumb -mfloat-abi=hard",
                qemu=f"qemu-system-arm -M mps3-an547 {_SEMIHOSTING}",
                code=Region(0x0000_0000, 512 * KIB),
                data=Region(0x2000_0000, 512 * KIB),
                chip=Region(0x6000_0000, 256 * MIB),
                instructions_per_tick=1000 / 32,
            ),
            Board(
                name="cortex-m7",
                title="Cortex-M7, mps2-an500",
                **_ARM,
                flags="-mcpu=cortex-m7 -mthumb -mfloat-abi=hard",
                qemu=f"qemu-system-arm -M mps2-an500 {_SEMIHOSTING}",
                code=Region(0x0000_0000, 4 * MIB),
                data=Region(0x2000_0000, 4 * MIB),
                chip=Region(0x6000_0000, 16 * MIB),
                instructions_per_tick=1000 / 25,
            ),
            Board(
                name="riscv64",
                title="RISC-V rv64gc as in the K210, virt",
                family=RISCV,
                prefix="riscv64-unknown-elf-",
                link="--specs=picolibc.specs",
                flags="-march=rv64gc -mabi=lp64d -mcmodel=medany",
                qemu=f"qemu-system-riscv64 -M virt -m 128M -bios none -serial stdio {_OPTIONS}",
                code=Region(0x8000_0000, 4 * MIB),
                data=Region(0x8040_0000, 4 * MIB),
                chip=Region(0x8080_0000, 120 * MIB),
                instructions_per_tick=1,
            ),
        )
    }
)


def templates(budget_bytes: int) -> dict[str, tuple[str, dict[str, Any]]]:
    """The folder's files for boards by name: a template, and what it is given."""
    boards = list(BOARDS.values())
    files: dict[str, tuple[str, dict[str, Any]]] = {
        "board.h": ("board.h", {}),
        "board_cortex_m.c": ("board_cortex_m.c", {}),
        "board_riscv64.c": ("board_riscv64.c", {}),
        "boards.mk": ("boards.mk", {"boards": boards}),
    }
    for board in boards:
        values = {"board": board, "regions": board.regions(budget_bytes)}
        files[f"{board.name}.ld"] = ("board.ld", values)
    return files
