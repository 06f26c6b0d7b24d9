"""What a graph computes, bit for bit, in the memory that its plan lays out, and how long a chip takes."""

from firmware_sim.program import Engine, Program, prepare
from firmware_sim.run import InputError, Simulation, run, run_batch, stacked

__all__ = ["Engine", "InputError", "Program", "Simulation", "prepare", "run", "run_batch", "stacked"]
