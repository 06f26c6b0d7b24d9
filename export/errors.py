"""What can go wrong on the way out of the house."""

from graph.errors import SixmegError


class ExportError(SixmegError):
    """An input of export or report that cannot be used, or an output folder that must not be replaced."""
