"""What can be wrong with a wish to train; each message is one line: what, where, what to do."""


class TrainError(ValueError):
    """A size, a recipe or a weights file that cannot be used; the command line prints it and exits with 2."""

    exit_code = 2
