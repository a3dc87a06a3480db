"""Who is chosen: the `seats` initiatives that the most ballots name, and the draw if tied.

If more initiatives have the count at the cut-off than seats are left, they are ordered by
SHA-256(lp("huimin/tie/v1") lp(edition) lp(root) lp(seed) lp(id)), lowest first, where lp(x) is the
length of x as four bytes, big-endian, and then x. `root` is the 32-byte log root and `seed` the
twenty digits that `TieSeedDrawn` names. Until they are drawn nobody has those seats.

The rule has no minimum: a count of zero is a count. So with no more initiatives than seats all are
chosen, and initiatives that no ballot names can tie for seats that the others leave.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256

from msgspec import Struct

ROOT_BYTES = 32
SEED_DIGITS = 20
_SEED = re.compile(rf"[0-9]{{{SEED_DIGITS}}}")


class BadDraw(ValueError):
    """The root or the seed of a draw has the wrong form."""


class TieDraw(Struct, frozen=True):
    """What orders a tied set: the log root (32 bytes) and the digits thrown; raises `BadDraw`."""

    root: bytes
    seed: str

    def __post_init__(self) -> None:
        if len(self.root) != ROOT_BYTES:
            raise BadDraw(f"the root has {len(self.root)} bytes; a log root has {ROOT_BYTES}")
        if not _SEED.fullmatch(self.seed):
            raise BadDraw(f"the seed must be {SEED_DIGITS} ASCII digits; write them as thrown")


class Result(Struct, frozen=True):
    """Who is chosen, and whom a draw must still order.

    `winners`: by count, highest first; equal counts in published order, except that those whom the
    draw chose stand last, in the draw's order. `tied`: those at the cut-off who wait for a draw, in
    published order, for `seats_open` seats; empty and 0 when none do. `decided_by_draw`: a draw
    filled the last seats.
    """

    winners: tuple[str, ...]
    tied: tuple[str, ...] = ()
    seats_open: int = 0
    decided_by_draw: bool = False


def tally_result(
    counts: Mapping[str, int], order: Sequence[str], seats: int, draw: TieDraw | None, edition: str
) -> Result:
    """The result of these counts (ballots by initiative id; one not in it has none).

    `order` is the whole shortlist as published. `draw` is not looked at when nothing is tied.
    Raises `ValueError` if there is no seat, or `counts` has an id that `order` has not.
    """
    _check(counts, order, seats)
    ranked = sorted(order, key=lambda id_: -counts.get(id_, 0))  # stable: published order
    if len(ranked) <= seats:
        return Result(tuple(ranked))
    cutoff = counts.get(ranked[seats - 1], 0)
    above = tuple(id_ for id_ in ranked if counts.get(id_, 0) > cutoff)
    level = tuple(id_ for id_ in ranked if counts.get(id_, 0) == cutoff)
    seats_left = seats - len(above)
    if len(level) == seats_left:
        return Result(above + level)
    if draw is None:
        return Result(above, tied=level, seats_open=seats_left)
    drawn = tie_order(edition, draw.root, draw.seed, level)
    return Result(above + drawn[:seats_left], decided_by_draw=True)


def tie_order(edition: str, root: bytes, seed: str, ids: Iterable[str]) -> tuple[str, ...]:
    """The ids in the order of the draw, first chosen first; their order as given has no effect."""
    prefix = b"".join(map(_lp, (b"huimin/tie/v1", edition.encode(), root, seed.encode())))
    return tuple(sorted(ids, key=lambda id_: sha256(prefix + _lp(id_.encode())).digest()))


def _check(counts: Mapping[str, int], order: Sequence[str], seats: int) -> None:
    if seats < 1:
        raise ValueError(f"an edition has at least one seat, not {seats}")
    unlisted = counts.keys() - set(order)
    if unlisted:
        raise ValueError(f"{min(unlisted)!r} is counted and not on the shortlist")


def _lp(part: bytes) -> bytes:
    """Length-prefixed, so that no two lists of parts give the same bytes."""
    return len(part).to_bytes(4) + part
