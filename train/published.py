"""What others published for the 16 standard sizes, rounded as they printed it."""

from __future__ import annotations

from dataclasses import dataclass

PAPER = "arXiv:1704.04861 table"
TF_SLIM = "TF-Slim mobilenet_v1.md"


@dataclass(frozen=True, slots=True)
class Published:
    """One printed cell: millions of multiply-adds and of parameters, at 1000 classes.

    `note` says where a printed figure cannot be right.
    """

    alpha: float
    res_px: int
    macs_millions: int
    parameters_millions: float
    source: str
    note: str = ""


_SHORT = "printed 2.6 % under the recount at all four RES"

PUBLISHED = (  # the paper's own figure where it prints one, else the released models' list
    Published(0.25, 128, 14, 0.47, TF_SLIM),
    Published(0.25, 160, 21, 0.47, TF_SLIM),
    Published(0.25, 192, 34, 0.47, TF_SLIM, "printed 34, recounted 30.2"),
    Published(0.25, 224, 41, 0.5, f"{PAPER} 6"),
    Published(0.5, 128, 49, 1.34, TF_SLIM),
    Published(0.5, 160, 76, 1.32, f"{PAPER} 9"),
    Published(0.5, 192, 110, 1.34, TF_SLIM),
    Published(0.5, 224, 149, 1.3, f"{PAPER} 6"),
    Published(0.75, 128, 104, 2.59, TF_SLIM, _SHORT),
    Published(0.75, 160, 162, 2.59, TF_SLIM, _SHORT),
    Published(0.75, 192, 233, 2.59, TF_SLIM, _SHORT),
    Published(0.75, 224, 325, 2.6, f"{PAPER} 6"),
    Published(1.0, 128, 186, 4.2, f"{PAPER} 7"),
    Published(1.0, 160, 290, 4.2, f"{PAPER} 7"),
    Published(1.0, 192, 418, 4.2, f"{PAPER} 7"),
    Published(1.0, 224, 569, 4.2, f"{PAPER} 7"),
)
