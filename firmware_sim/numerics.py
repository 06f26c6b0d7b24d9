"""Whose rounding a simulation follows: the runtimes disagree, so each simulation names one."""

from __future__ import annotations

from enum import StrEnum


class Numerics(StrEnum):
    """Named after the oracle that has the same bits; docs/numerics.md tells where they part."""

    TFLM = "tflm"
    TFLITE_REF = "tflite-ref"
    XNNPACK = "xnnpack"
