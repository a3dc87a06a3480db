"""One ballot between its verification and its answer."""

import asyncio
from datetime import datetime

from services.ballot.store import NewEntry
from shared.edition.ballot import Ballot, check_choices, committed, encode_opening
from shared.edition.errors import Refusal
from shared.edition.events import BallotCast, encode_event
from shared.edition.inspection import Electorate, check_ballot
from shared.log.merkle import leaf_hash


class Prepared:
    """A verified ballot on its way into the log, and the future that its voter waits on."""

    __slots__ = ("answer", "commitment", "index", "new", "refusal")

    def __init__(self, event: BallotCast, opening: bytes, answer: "asyncio.Future[bytes]") -> None:
        entry = encode_event(event)
        self.new = NewEntry(entry, leaf_hash(entry), opening, event.key, event.seq)
        self.commitment = event.commitment
        self.answer = answer
        self.index = -1
        """Where it stands in the log; known once its batch is decided."""
        self.refusal: Refusal | None = None
        """Why it is not in the log; final once its batch is committed."""

    @property
    def size_bytes(self) -> int:
        """What it takes in the log and beside it."""
        return len(self.new.entry) + len(self.new.opening or b"")

    def refuse(self, refusal: Refusal) -> None:
        """Answer the voter with a refusal, unless they have gone."""
        if not self.answer.done():
            self.answer.set_exception(refusal)


def verify(electorate: Electorate, ballot: Ballot, now: datetime) -> tuple[BallotCast, bytes]:
    """The event and the opening of a ballot that is right by itself; raises a `Refusal`."""
    check_choices(electorate.rules, ballot.choices)
    commitment = committed(ballot)
    check_ballot(
        electorate, ballot.key, ballot.credential, ballot.seq, commitment, ballot.signature
    )
    event = BallotCast(
        edition=electorate.edition,
        key=ballot.key,
        credential=ballot.credential,
        seq=ballot.seq,
        commitment=commitment,
        signature=ballot.signature,
        hour=now.replace(minute=0, second=0, microsecond=0),
    )
    return event, encode_opening(ballot.salt, ballot.choices)
