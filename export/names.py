"""Names of models as C identifiers."""

from __future__ import annotations

import re

# Words that C99, C11 or C++ keep for themselves.
_KEYWORDS = frozenset(
    keyword
    for line in (
        "alignas alignof and asm auto bool break case catch char class compl const constexpr",
        "continue decltype default delete do double else enum explicit export extern false final",
        "float for friend goto if inline int long main mutable namespace new noexcept not nullptr",
        "operator or override private protected public register restrict return short signed sizeof",
        "static struct switch template this thread_local throw true try typedef typeid typename",
        "union unsigned using virtual void volatile while xor",
    )
    for keyword in line.split()
)


def c_identifier(name: str) -> str:
    """A lower-case C and C++ identifier that can be read back to `name`; never reserved, never empty.

    >>> c_identifier("mobilenet_v1_0.5_160"), c_identifier("3-D net"), c_identifier("int")
    ('mobilenet_v1_0_5_160', 'model_3_d_net', 'model_int')
    """
    words = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
    if not words or words[0].isdigit() or words in _KEYWORDS:
        return f"model_{words}".rstrip("_")
    return words


def c_macro(name: str) -> str:
    """`c_identifier` in capitals, for macros.

    >>> c_macro("mobilenet_v1_0.5_160")
    'MOBILENET_V1_0_5_160'
    """
    return c_identifier(name).upper()
