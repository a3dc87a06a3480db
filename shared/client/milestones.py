"""Milestones of an edition read from its log: not what a server says is in it, but what is.

An event found in an entry bundle is believed once a proof of inclusion leads from its bytes to a
checkpoint that the log's key signed. A server that shows one person another event than everyone
else must have signed two histories for it, and two checkpoints together prove that.

Not here: that the event was legal and signed by officers. An audit replays the whole log for that.
"""

from shared.client.ballot_box import BallotBox
from shared.client.errors import ClientError, Missing
from shared.client.log_source import read_tile
from shared.client.served_log import WrongLog
from shared.edition.errors import UNREADABLE_JSON
from shared.edition.events import (
    BallotCast,
    Event,
    IssuanceReported,
    ProgressReported,
    ResultCertified,
    RollCommitted,
    VotingClosed,
    decode_event,
)
from shared.log.errors import LogFormatError
from shared.log.note import Verifier
from shared.log.tiles import TILE_WIDTH, TilePath, decode_bundle, tile_width
from shared.log.tlog_proof import verify


class NotYet(ClientError):
    """The log, as far as it goes, has no such event."""


async def committed_roll(
    box: BallotBox, edition: str, size: int, verifier: Verifier
) -> RollCommitted:
    """What the officers committed the edition to: the roll, and the issuer's key.

    `size` is that of a verified checkpoint. Raises `NotYet` when nothing was committed,
    `WrongLog` when the log does not prove what it shows, and what `BallotBox` raises.
    """
    # Ballots come only after it, so that it is within the first bundle.
    entries = await _bundle(box, edition, 0, size)
    for index, entry in enumerate(entries):
        event = _decoded(entry, index)
        if isinstance(event, RollCommitted):
            await _prove(box, edition, index, entry, verifier)
            return event
        if isinstance(event, BallotCast):
            break
    raise NotYet(f"no roll was committed in the log of {edition!r} yet")


async def reported_issuance(
    box: BallotBox, edition: str, size: int, verifier: Verifier
) -> IssuanceReported:
    """What the officers reported of the credentials issued; arguments and errors as above."""
    # It comes after the close, and no ballot does: it is near the end, however long the log.
    for number in range((size - 1) // TILE_WIDTH, -1, -1):
        entries = await _bundle(box, edition, number, size)
        for index, entry in reversed(list(enumerate(entries, number * TILE_WIDTH))):
            event = _decoded(entry, index)
            if isinstance(event, IssuanceReported):
                await _prove(box, edition, index, entry, verifier)
                return event
            if isinstance(event, BallotCast | VotingClosed):
                raise NotYet(f"no issuance was reported in the log of {edition!r} yet")
    raise NotYet(f"no issuance was reported in the log of {edition!r} yet")


async def certified_result(
    box: BallotBox, edition: str, size: int, verifier: Verifier
) -> ResultCertified:
    """The result that the officers certified; arguments and errors as above."""
    # Only reports of progress come after it.
    for number in range((size - 1) // TILE_WIDTH, -1, -1):
        entries = await _bundle(box, edition, number, size)
        for index, entry in reversed(list(enumerate(entries, number * TILE_WIDTH))):
            event = _decoded(entry, index)
            if isinstance(event, ResultCertified):
                await _prove(box, edition, index, entry, verifier)
                return event
            if not isinstance(event, ProgressReported):
                raise NotYet(f"no result was certified in the log of {edition!r} yet")
    raise NotYet(f"no result was certified in the log of {edition!r} yet")


async def _bundle(box: BallotBox, edition: str, number: int, size: int) -> list[bytes]:
    tile = TilePath("entries", number, tile_width(0, number, size))
    try:
        return decode_bundle(await read_tile(box.log(edition), tile))
    except (Missing, LogFormatError) as error:
        raise WrongLog(f"{tile.path} of the log of {edition!r}: {error}") from error


def _decoded(entry: bytes, index: int) -> Event:
    try:
        return decode_event(entry)
    except UNREADABLE_JSON as error:
        raise WrongLog(f"entry {index} is no event: {error}") from error


async def _prove(
    box: BallotBox, edition: str, index: int, entry: bytes, verifier: Verifier
) -> None:
    proof = await box.proof(edition, index)
    try:
        verify(proof, entry, verifier)
    except LogFormatError as error:
        raise WrongLog(f"the log does not prove its entry {index}: {error}") from error
    if proof.index != index:
        raise WrongLog(f"the log proves entry {proof.index} when asked for entry {index}")
    if _decoded(entry, index).edition != edition:
        raise WrongLog(f"entry {index} of the log of {edition!r} is about another edition")
