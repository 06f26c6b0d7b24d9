"""Chatter is withheld, but never the words of an error that is not ours."""

import os
import sys

import pytest

from quantize.errors import QuantizeError
from quiet import aside


def chatter() -> None:
    os.write(2, b"C++ says so\n")
    sys.stderr.write("Python too\n")


def test_what_is_written_to_stderr_is_withheld_and_the_stream_reaches_it(capfd):
    with aside() as real:
        chatter()
        real.write("bar\n")
    os.write(2, b"after\n")
    assert capfd.readouterr().err.replace("Python too\n", "") == "bar\nafter\n"


def test_an_error_of_ours_speaks_for_itself(capfd):
    with pytest.raises(QuantizeError), aside():
        os.write(2, b"C++ says so\n")
        raise QuantizeError("one line")
    assert capfd.readouterr().err == ""


def test_what_was_written_before_a_crash_is_given_out(capfd):
    with pytest.raises(RuntimeError), aside():
        os.write(2, b"C++ says so\n")
        raise RuntimeError
    assert capfd.readouterr().err == "C++ says so\n"
