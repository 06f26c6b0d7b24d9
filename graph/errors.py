"""What can be wrong with an input, as one tree; each message is one line: what, where, what to do."""


class SixmegError(Exception):
    """An input that cannot be used; the command line prints the message and exits with `exit_code`."""

    exit_code = 2


class ModelError(SixmegError):
    """A .tflite that is truncated, damaged or outside what this project reads."""


class UnsupportedOperatorError(ModelError):
    """An operator that the asked-for stage has no kernel for; the message names it and its index."""


class ChipError(SixmegError):
    """A chip description with an unknown key, a wrong unit or a negative size."""


class AllocationsError(SixmegError):
    """A CSV of buffers that lacks a column, or has a row that means none."""


class PlanError(SixmegError):
    """A plan that does not belong to the graph it is used with, or that breaks a law of memory."""


class OracleError(SixmegError):
    """An oracle that is not installed, or that crashed or refused the model."""
