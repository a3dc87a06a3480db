"""The ballot box's own count, for one purpose: a wrong draw or certificate is never appended.

It reads the log and the openings that this service verified when it took them in. The count that
people rely on is the tally's, and every auditor's.
"""

from services.ballot import store
from services.ballot.store import CorruptLog, Executor
from shared.edition.ballot import decode_opening
from shared.edition.errors import UNREADABLE_JSON
from shared.edition.events import BallotCast, decode_event
from shared.edition.state import Count, EditionState
from shared.log.frontier import Frontier
from shared.log.merkle import leaf_hash

CHUNK = 2048


async def count_log(db: Executor, state: EditionState, size: int) -> Count:
    """Count the first `size` entries of an edition whose voting has closed."""
    standings: dict[bytes, tuple[str, ...]] = {}
    openings_tree = Frontier.empty()
    ballots = 0
    for start in range(0, size, CHUNK):
        end = min(start + CHUNK, size)
        entries = await store.entries(db, state.edition, start, end)
        openings = await store.openings(db, state.edition, start, end)
        openings_tree = openings_tree.extend([leaf_hash(record) for record in openings]).frontier
        for offset, (entry, opening) in enumerate(zip(entries, openings, strict=True)):
            event = decode_event(entry)
            if isinstance(event, BallotCast):
                # A key's ballots stand in the log in the order of their seq: the last one counts.
                standings[event.key] = _choices(opening, start + offset)
                ballots += 1
    counts = dict.fromkeys(state.order, 0)
    for choices in standings.values():
        for id_ in choices:
            counts[id_] += 1
    return Count(
        counts=counts,
        ballots=ballots,
        voters=len(standings),
        openings_root=openings_tree.root(),
    )


def _choices(opening: bytes, index: int) -> tuple[str, ...]:
    try:
        return decode_opening(opening).choices
    except UNREADABLE_JSON as error:
        raise CorruptLog(f"the opening of entry {index} cannot be read: {error}") from error
