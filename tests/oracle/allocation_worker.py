"""TensorFlow Lite Micro's recording allocator on many models, a script run in a process of its own.

    python allocation_worker.py < REQUEST > REPLY

REQUEST: a JSON list of [model in base64, arena size]. REPLY: a JSON list of what the runtime printed,
or null where it refused or died: each allocation runs in a fork, because it may end the process it lives in.
"""

from __future__ import annotations

import base64
import json
import os
import sys
import tempfile
from typing import Any


def allocate(runtime: Any, blob: bytes, arena_bytes: int) -> str | None:
    """What the allocator tells on stderr; None where the model is not allocated."""
    with tempfile.TemporaryFile() as told:
        child = os.fork()
        if child == 0:
            os.dup2(told.fileno(), 2)
            try:
                runtime.Interpreter.from_bytes(blob, arena_size=arena_bytes).print_allocations()
            except Exception:
                os._exit(1)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        told.seek(0)
        return told.read().decode(errors="replace") if status == 0 else None


def main() -> None:
    """Answer every request of stdin on stdout."""
    from tflite_micro import runtime

    asked = json.load(sys.stdin)
    json.dump([allocate(runtime, base64.b64decode(blob), size) for blob, size in asked], sys.stdout)


if __name__ == "__main__":
    main()
