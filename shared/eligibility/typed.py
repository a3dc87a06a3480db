"""Numbers and codes as people type them: full-width characters, spaces, hyphens.

What they mean is left to whoever asked for them.
"""

import unicodedata
from typing import Final

MAX_TYPED: Final = 64
"""Longest text that is looked at: no number or code comes near it."""

_IGNORED: Final = frozenset({"Zs", "Pd", "Cf", "Cc"})
"""Spaces, hyphens and dashes, and invisible characters, as copying from documents brings them."""


def plain(text: str) -> str:
    """The text with its characters in their ordinary width and without spaces and hyphens.

    A text longer than `MAX_TYPED` gives an empty one: it is not what was asked for.
    """
    if len(text) > MAX_TYPED:
        return ""
    normal = unicodedata.normalize("NFKC", text)
    return "".join(one for one in normal if unicodedata.category(one) not in _IGNORED)
