"""What every log must satisfy whatever happened to the service, checked from outside.

I1: no acknowledged ballot is lost. I2: none counts twice. I3: the tally is the replay. I4: every
checkpoint handed out is of this one log. Of I5, which answers a client gets, the client knows.
"""

from collections import Counter
from collections.abc import Collection, Sequence

from shared.edition.ballot import Ballot
from shared.edition.events import BallotCast, decode_event
from shared.edition.views import Receipt
from shared.log.checkpoint import Checkpoint
from shared.log.frontier import Frontier
from shared.log.merkle import Hash, leaf_hash
from shared.log.note import Verifier
from shared.log.tlog_proof import TlogProof, verify


def lost_ballots(
    receipts: Collection[tuple[Ballot, Receipt]], entries: Sequence[bytes]
) -> list[int]:
    """I1: places at which the log has not what a receipt says, or of a ballot with two of them."""
    first: dict[tuple[bytes, int], Receipt] = {}
    return [
        receipt.index
        for ballot, receipt in receipts
        if entries[receipt.index] != receipt.entry
        or not _is_of(ballot, receipt)
        or first.setdefault((ballot.key, ballot.seq), receipt) != receipt
    ]


def counted_twice(entries: Sequence[bytes]) -> list[tuple[bytes, int]]:
    """I2: keys and seqs that are in the log more than once."""
    events = map(decode_event, entries)
    ballots = Counter((one.key, one.seq) for one in events if isinstance(one, BallotCast))
    return [ballot for ballot, times in ballots.items() if times > 1]


def forked_checkpoints(
    receipts: Collection[tuple[Ballot, Receipt]], entries: Sequence[bytes], verifier: Verifier
) -> list[int]:
    """I4: sizes of signed checkpoints, of those in receipts, that are of another log."""
    roots = roots_of(entries)
    found: set[Checkpoint] = set()
    for _, receipt in receipts:
        found.add(verify(TlogProof.decode(receipt.proof.encode()), receipt.entry, verifier))
    return sorted(one.size for one in found if roots[one.size] != one.root)


def roots_of(entries: Sequence[bytes]) -> list[Hash]:
    """The root of the log at each size from 0 to that of these entries."""
    frontier = Frontier.empty()
    roots = [frontier.root()]
    for entry in entries:
        frontier = frontier.extend([leaf_hash(entry)]).frontier
        roots.append(frontier.root())
    return roots


def _is_of(ballot: Ballot, receipt: Receipt) -> bool:
    event = decode_event(receipt.entry)
    return isinstance(event, BallotCast) and (event.key, event.seq) == (ballot.key, ballot.seq)
