"""What can be wrong with a set of pictures; each message is one line: what, where, what to do."""


class DataError(ValueError):
    """Pictures that cannot be had or read; the message names the file, folder or word."""

    exit_code = 2
