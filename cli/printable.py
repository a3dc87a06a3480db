"""Foreign text on a terminal: without what could move its cursor, hide text, or reorder it."""


def printable(text: str) -> str:
    """`text` with a replacement character for each control, format or separator character.

    Line breaks go too: what is foreign stays on one line.
    """
    return "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in text)
