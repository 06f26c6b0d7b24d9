"""MobileNetV1 and the two networks that its paper sets beside it.

separable  the paper's table 1
full       each depthwise separable block is one 3x3 convolution of the same stride and channels (table 4)
shallow    without the five blocks of 512 channels that repeat at the same size (table 5)

Source: Howard et al., arXiv:1704.04861, section 4.1.
"""

from __future__ import annotations

from graph.mobilenet import Block, blocks, model_name
from train.errors import TrainError

SEPARABLE, FULL, SHALLOW = VARIANTS = ("separable", "full", "shallow")
REPEATED = slice(7, 12)  # of the blocks, the first convolution being 0


def blocks_of(alpha: float, variant: str = SEPARABLE) -> tuple[Block, ...]:
    """The first convolution, then the blocks of `variant`.

    >>> len(blocks_of(1.0)), len(blocks_of(1.0, "shallow"))
    (14, 9)

    Raises: TrainError for a variant that is not one of VARIANTS.
    """
    if variant not in VARIANTS:
        raise TrainError(f"variant {variant!r} is not one of {', '.join(VARIANTS)}")
    found = blocks(alpha)
    if variant == SHALLOW:
        return (*found[: REPEATED.start], *found[REPEATED.stop :])
    return found


def name_of(alpha: float, res: int | None, variant: str = SEPARABLE) -> str:
    """The name of a size, as it stands in paths and reports.

    >>> name_of(0.5, 160), name_of(1.0, 32, "full")
    ('mobilenet_v1_0.5_160', 'mobilenet_v1_full_1.0_32')
    """
    name = model_name(alpha, res)
    return name if variant == SEPARABLE else name.replace("mobilenet_v1", f"mobilenet_v1_{variant}")
