"""Inspecting one bundle by itself: every entry and opening in it, and the hash tile over it.

Pure, and needs no order: many processes may do it. What they find travels back as data.
"""

from typing import NamedTuple

from cli.audit.evidence import CheckName, Wrong
from shared.edition.errors import LogViolation
from shared.edition.inspection import Electorate, Inspected, inspect_all
from shared.log.frontier import Frontier
from shared.log.merkle import HASH_SIZE, Hash
from shared.log.tiles import TILE_WIDTH, BadBundle, BundleKind, TilePath, decode_bundle, tile_width

_CHECK_OF: dict[str, CheckName] = {
    "opening": "openings",
    "IssuanceReported": "eligibility",
    "TieSeedDrawn": "result",
    "ResultCertified": "result",
}


class Bundle(NamedTuple):
    """Bundle `n` of a log as read: entries, openings if there are any, and the hash tile."""

    n: int
    width: int
    entries: bytes
    openings: bytes | None
    tile: bytes


class Fault(NamedTuple):
    """What `Wrong` says, in a form that can be sent to another process."""

    check: CheckName
    where: str
    why: str

    @classmethod
    def of(cls, wrong: Wrong) -> "Fault":
        """The fault that was raised."""
        return cls(wrong.check, wrong.violation.where, wrong.violation.why)


class InspectedBundle(NamedTuple):
    """The entries before the first fault, and the root over the entries if the bundle is full."""

    entries: list[Inspected]
    root: Hash | None
    fault: Fault | None


def inspect_bundle(bundle: Bundle, electorate: Electorate | None) -> InspectedBundle:
    """Check everything about a bundle that can be checked without the entries before it."""
    inspected: list[Inspected] = []
    try:
        inspected, violation = _inspect_sound(bundle, electorate)
        if violation is not None:
            raise as_wrong(violation, bundle.n * TILE_WIDTH + bundle.width)
        leaves = [entry.leaf for entry in inspected]
        _compare_tile(bundle, leaves)
    except Wrong as wrong:
        return InspectedBundle(inspected, None, Fault.of(wrong))
    root = Frontier.empty().extend(leaves).root if bundle.width == TILE_WIDTH else None
    return InspectedBundle(inspected, root, None)


def records_of(kind: BundleKind, n: int, width: int, data: bytes) -> list[bytes]:
    """The `width` records of bundle `n`; raises `Wrong`."""
    path = TilePath(kind, n, width).path
    try:
        records = decode_bundle(data)
    except BadBundle as error:
        raise Wrong(kind, path, str(error)) from error
    if len(records) != width:
        raise Wrong(kind, path, f"it has {len(records)} records instead of {width}")
    return records


def as_wrong(violation: LogViolation, size: int) -> Wrong:
    """A violation in the log of `size` entries, with the path of the bundle where it stands."""
    kind: BundleKind = "openings" if violation.what == "opening" else "entries"
    n = violation.index // TILE_WIDTH
    bundle = TilePath(kind, n, tile_width(0, n, size))
    return Wrong(
        _CHECK_OF.get(violation.what, "entries"),
        f"index {violation.index} ({bundle.path})",
        f"{violation.what}: {violation.why}",
    )


def _inspect_sound(
    bundle: Bundle, electorate: Electorate | None
) -> tuple[list[Inspected], LogViolation | None]:
    """The entries before the first that is wrong, and what is wrong with that."""
    first = bundle.n * TILE_WIDTH
    entries = records_of("entries", bundle.n, bundle.width, bundle.entries)
    openings = [b""] * len(entries)
    if bundle.openings is not None:
        openings = records_of("openings", bundle.n, bundle.width, bundle.openings)
    sound, violation = len(entries), None
    while True:
        try:
            inspected = inspect_all(first, entries[:sound], openings[:sound], electorate)
        except LogViolation as found:
            sound, violation = found.index - first, found
        else:
            return inspected, violation


def _compare_tile(bundle: Bundle, leaves: list[Hash]) -> None:
    if bundle.tile == b"".join(leaves):
        return
    path = TilePath(0, bundle.n, bundle.width).path
    if len(bundle.tile) != HASH_SIZE * bundle.width:
        why = f"it has {len(bundle.tile)} bytes instead of {HASH_SIZE * bundle.width}"
        raise Wrong("tiles", path, why)
    differs = next(
        i for i, leaf in enumerate(leaves) if bundle.tile[HASH_SIZE * i :][:HASH_SIZE] != leaf
    )
    index = bundle.n * TILE_WIDTH + differs
    raise Wrong("tiles", path, f"its hash {differs} is not that of the entry at index {index}")
