"""What can be wrong with a wish for many runs; each message is one line: what, where, what to do."""

from graph.errors import SixmegError


class ExperimentError(SixmegError):
    """A grid that cannot be run, or a place from which no run can be started."""
