"""MobileNetV1's shape, and its MACs and parameters counted from the shape alone; needs no TensorFlow.

Source: Howard et al., arXiv:1704.04861, table 1 (layers) and section 3.1 (cost ratio).
"""

from __future__ import annotations

from dataclasses import dataclass

from train.errors import TrainError

RES_MULTIPLE_PX = 32
MIN_CHANNELS = 8
FIRST_CHANNELS = 32
KERNEL_PX = 3
BATCHNORM_PARAMETERS = 4  # gamma, beta, moving mean, moving variance: Keras counts all four
SEPARABLE = (  # (channels at alpha 1, stride of the depthwise convolution), table 1 from top to bottom
    (64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2),
    (512, 1), (512, 1), (512, 1), (512, 1), (512, 1), (1024, 2), (1024, 1),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Block:
    """One row of the paper's table 1: the first convolution, or a depthwise separable block."""

    channels: int
    stride: int


@dataclass(frozen=True, slots=True)
class Cost:
    """What one model costs: multiply-accumulates of one inference, and parameters as Keras counts them."""

    alpha: float
    res_px: int
    classes: int
    macs: int
    parameters: int


def check_size(alpha: float, res: int, classes: int) -> None:
    """Raises: TrainError, in one line, if MobileNetV1 has no such size.

    >>> check_size(0.5, 100, 10)
    Traceback (most recent call last):
    ...
    train.errors.TrainError: RES 100 is not a multiple of 32; the nearest are 96 and 128
    """
    if not 0 < alpha < 64:
        raise TrainError(f"ALPHA {alpha} is no positive width multiplier; usual are 0.25, 0.5, 0.75, 1.0")
    if res < RES_MULTIPLE_PX or res % RES_MULTIPLE_PX:
        below = max(RES_MULTIPLE_PX, res // RES_MULTIPLE_PX * RES_MULTIPLE_PX)
        nearest = f"{below} and {below + RES_MULTIPLE_PX}"
        raise TrainError(f"RES {res} is not a multiple of {RES_MULTIPLE_PX}; the nearest are {nearest}")
    if classes < 2:
        raise TrainError(f"{classes} classes cannot be told apart; at least 2 are needed")


def scaled(channels: int, alpha: float) -> int:
    """Channels after the width multiplier: `max(8, int(channels * alpha))`.

    >>> scaled(32, 0.25), scaled(512, 0.35), scaled(32, 0.1)
    (8, 179, 8)
    """
    return max(MIN_CHANNELS, int(channels * alpha))


def blocks(alpha: float) -> tuple[Block, ...]:
    """The first convolution, then the 13 depthwise separable blocks, at width `alpha`.

    >>> len(blocks(0.5)), blocks(0.5)[-1]
    (14, Block(channels=512, stride=1))
    """
    first = Block(scaled(FIRST_CHANNELS, alpha), 2)
    return (first, *(Block(scaled(channels, alpha), stride) for channels, stride in SEPARABLE))


def cost(alpha: float, res: int, classes: int) -> Cost:
    """MACs (convolutions and the classifier) and parameters (BatchNorm's four vectors included).

        conv 3x3 : 9 * C_in * C_out * H * W
        depthwise: 9 * C_in * H * W
        pointwise: C_in * C_out * H * W

    >>> cost(1.0, 224, 1000)
    Cost(alpha=1.0, res_px=224, classes=1000, macs=568740352, parameters=4253864)

    Raises: TrainError as `check_size`.
    """
    check_size(alpha, res, classes)
    first, *rest = blocks(alpha)
    taps = KERNEL_PX * KERNEL_PX
    side = res // first.stride
    macs = taps * 3 * first.channels * side * side
    parameters = taps * 3 * first.channels + BATCHNORM_PARAMETERS * first.channels
    channels = first.channels
    for block in rest:
        side //= block.stride
        weights = taps * channels + channels * block.channels
        macs += weights * side * side
        parameters += weights + BATCHNORM_PARAMETERS * (channels + block.channels)
        channels = block.channels
    return Cost(alpha, res, classes, macs + channels * classes, parameters + (channels + 1) * classes)


def separable_cost_ratio(channels_out: int, kernel_px: int = KERNEL_PX) -> float:
    """Cost of a depthwise separable block over that of the full convolution it stands for: `1/N + 1/K**2`.

    >>> str(separable_cost_ratio(64))[:7]  # 73/576 = 0.126736..., cut, not rounded
    '0.12673'
    """
    return 1 / channels_out + 1 / (kernel_px * kernel_px)
