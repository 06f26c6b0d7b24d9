"""TensorFlow's and the exporters' chatter, withheld unless something fails."""

from __future__ import annotations

import os
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO


@contextmanager
def aside() -> Iterator[TextIO]:
    """Turn the process's stderr aside for the block, and give a stream to the real one, for progress bars.

    C++ writes there before any log level holds, so the file descriptor itself is turned. What was written is
    given out where the block raises an error that is not one of ours (ours carry an `exit_code`).
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as written, os.fdopen(os.dup(2), "w") as real:
        os.dup2(written.fileno(), 2)
        try:
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", "Statistics for quantized inputs were expected")
                yield real
        except Exception as error:
            if not hasattr(error, "exit_code"):
                written.seek(0)
                os.write(kept, written.read())
            raise
        finally:
            sys.stderr.flush()
            os.dup2(kept, 2)
            os.close(kept)
