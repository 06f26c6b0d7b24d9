"""Run as a script: TensorFlow Lite Micro allocates the model on stdin and prints what that took.

It stands alone (no import of ours) because the runtime may end the process that it lives in.
"""

import sys


def main() -> None:
    """Allocate in an arena of argv[1] bytes; the allocations go to stderr, a refusal raises."""
    from tflite_micro import runtime

    interpreter = runtime.Interpreter.from_bytes(sys.stdin.buffer.read(), arena_size=int(sys.argv[1]))
    interpreter.print_allocations()


if __name__ == "__main__":
    main()
