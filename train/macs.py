"""MobileNetV1's shape, and its MACs and parameters counted from the shape alone; needs no TensorFlow.

Source: Howard et al., arXiv:1704.04861, table 1 (layers), section 3.1 (cost ratio), tables 4, 5.
"""

from __future__ import annotations

from dataclasses import dataclass

from graph.mobilenet import KERNEL_PX, check_size
from train.variants import FULL, SEPARABLE, blocks_of

BATCHNORM_PARAMETERS = 4  # gamma, beta, moving mean, moving variance: Keras counts all four


@dataclass(frozen=True, slots=True)
class Cost:
    """What one model costs: multiply-accumulates of one inference, and parameters as Keras counts them."""

    alpha: float
    res_px: int
    classes: int
    macs: int
    parameters: int


def cost(alpha: float, res: int, classes: int, variant: str = SEPARABLE) -> Cost:
    """MACs (convolutions and the classifier) and parameters (BatchNorm's four vectors included).

        conv 3x3 : 9 * C_in * C_out * H * W
        depthwise: 9 * C_in * H * W
        pointwise: C_in * C_out * H * W

    >>> cost(1.0, 224, 1000)
    Cost(alpha=1.0, res_px=224, classes=1000, macs=568740352, parameters=4253864)
    >>> cost(1.0, 224, 1000, "full").macs
    4867293184

    Raises: ModelError as `check_size`.
    """
    check_size(alpha, res, classes)
    first, *rest = blocks_of(alpha, variant)
    taps = KERNEL_PX * KERNEL_PX
    side = res // first.stride
    macs = taps * 3 * first.channels * side * side
    parameters = taps * 3 * first.channels + BATCHNORM_PARAMETERS * first.channels
    channels = first.channels
    for block in rest:
        side //= block.stride
        if variant == FULL:
            weights, normalized = taps * channels * block.channels, block.channels
        else:
            weights, normalized = taps * channels + channels * block.channels, channels + block.channels
        macs += weights * side * side
        parameters += weights + BATCHNORM_PARAMETERS * normalized
        channels = block.channels
    return Cost(alpha, res, classes, macs + channels * classes, parameters + (channels + 1) * classes)


def separable_cost_ratio(channels_out: int, kernel_px: int = KERNEL_PX) -> float:
    """Cost of a depthwise separable block over that of the full convolution it stands for: `1/N + 1/K**2`.

    >>> str(separable_cost_ratio(64))[:7]  # 73/576 = 0.126736..., cut, not rounded
    '0.12673'
    """
    return 1 / channels_out + 1 / (kernel_px * kernel_px)
