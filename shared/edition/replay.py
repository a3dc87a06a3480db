"""Replay: folds log entries and openings into a verified state and count. Tally and auditor alike.

Two steps. `inspect` checks entries by themselves (event, credential, signature, commitment,
opening): it needs no order, so many processes may share it. `Replay.fold` then takes inspected
entries in order: it hashes the tree, decides every milestone again, and counts. Both raise
`LogViolation` with the index at which the log is wrong; after that the replay is of no further use.

No I/O: whoever calls it fetches entries, checks checkpoint signatures, and stores what it wants to
keep. What is missing stays missing: without every opening there is no count.
"""

from collections.abc import Callable, MutableMapping, Sequence
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from msgspec import Struct

from shared.edition.ballot import (
    BallotRules,
    check_choices,
    commitment,
    decode_opening,
    encode_opening,
    signed_message,
    verify_ballot_signature,
)
from shared.edition.commands import CertifyResult, DrawTieSeed
from shared.edition.credential import (
    credential_message,
    load_issuer_spki,
    verify_credential,
)
from shared.edition.decider import check_may_cast, decide, evolve
from shared.edition.errors import UNREADABLE_JSON, LogViolation, Refusal
from shared.edition.events import (
    BallotCast,
    EditionAnnounced,
    Event,
    Milestone,
    decode_event,
)
from shared.edition.manifest import LogIdentity
from shared.edition.state import Count, EditionState, Head
from shared.log.frontier import Frontier
from shared.log.merkle import leaf_hash


class Electorate(Struct, frozen=True):
    """What it takes to check a ballot of one edition by itself."""

    edition: str
    rules: BallotRules
    issuer_key: bytes
    issuer: RSAPublicKey

    @classmethod
    def of(cls, state: EditionState) -> "Electorate | None":
        """The electorate of an edition whose roll is committed; None before that."""
        if state.roll is None:
            return None
        key = state.roll.issuer_key
        return cls(state.edition, state.ballot_rules, key, load_issuer_spki(key))


class CountedBallot(NamedTuple):
    """The ballot of a voter's key that counts; `choices` is None while its opening is sealed."""

    seq: int
    choices: tuple[str, ...] | None


class Inspected(NamedTuple):
    """An entry that is right by itself: its leaf hashes, and a ballot's essence or a milestone."""

    leaf: bytes
    opening_leaf: bytes
    key: bytes
    seq: int
    choices: tuple[str, ...] | None
    milestone: Milestone | None


def check_ballot(
    electorate: Electorate, key: bytes, credential: bytes, seq: int, commitment_: bytes, sig: bytes
) -> None:
    """Raise a `Refusal` unless the issuer vouches for the key, and the key signed the rest."""
    check_credential(electorate, key, credential)
    verify_ballot_signature(key, signed_message(electorate.edition, seq, commitment_), sig)


def check_credential(electorate: Electorate, key: bytes, credential: bytes) -> None:
    """Raise a `Refusal` unless the issuer vouches for the key."""
    message = credential_message(electorate.edition, electorate.issuer_key, key)
    verify_credential(electorate.issuer, message, credential)


def inspect(index: int, entry: bytes, opening: bytes, electorate: Electorate | None) -> Inspected:
    """Check one entry, and its opening unless that is empty (sealed, or the entry is no ballot)."""
    (inspected,) = inspect_all(index, [entry], [opening], electorate)
    return inspected


def inspect_all(
    first: int,
    entries: Sequence[bytes],
    openings: Sequence[bytes],
    electorate: Electorate | None,
) -> list[Inspected]:
    """As `inspect`, for consecutive entries of which the first has index `first`.

    One kind of check is done for all of them before the next kind: with one kind of work in its
    caches, a processor takes a fifth less time than entry by entry. So the `LogViolation` raised is
    not always that of the lowest index.
    """
    events = [_decoded(index, entry) for index, entry in enumerate(entries, first)]
    _check_casts(first, events, electorate)
    choices = [
        _opened(index, event, opening, electorate)
        for index, (event, opening) in enumerate(zip(events, openings, strict=True), first)
    ]
    leaves, opening_leaves = map(leaf_hash, entries), map(leaf_hash, openings)
    return [
        Inspected(leaf, opening_leaf, event.key, event.seq, chosen, None)
        if isinstance(event, BallotCast)
        else Inspected(leaf, opening_leaf, b"", 0, None, event)
        for event, chosen, leaf, opening_leaf in zip(
            events, choices, leaves, opening_leaves, strict=True
        )
    ]


def _decoded(index: int, entry: bytes) -> Event:
    try:
        return decode_event(entry)
    except UNREADABLE_JSON as error:
        raise LogViolation(index, "entry", f"it is no event: {error}") from error


def _check_casts(first: int, events: Sequence[Event], electorate: Electorate | None) -> None:
    casts = [(i, event) for i, event in enumerate(events, first) if isinstance(event, BallotCast)]
    if not casts:
        return
    if electorate is None:
        raise LogViolation(casts[0][0], "ballot", "it was cast before the roll was committed")
    for index, event in casts:
        _check_form(index, event, electorate)
    _check_each(casts, lambda cast: check_credential(electorate, cast.key, cast.credential))
    _check_each(casts, _check_signature)


def _check_each(
    casts: Sequence[tuple[int, BallotCast]], check: Callable[[BallotCast], None]
) -> None:
    for index, event in casts:
        try:
            check(event)
        except Refusal as error:
            raise LogViolation(index, "ballot", f"{error.slug}: {error.detail}") from error


def _check_signature(event: BallotCast) -> None:
    message = signed_message(event.edition, event.seq, event.commitment)
    verify_ballot_signature(event.key, message, event.signature)


def _check_form(index: int, event: BallotCast, electorate: Electorate) -> None:
    if event.edition != electorate.edition:
        raise LogViolation(index, "ballot", f"it is for another edition, {event.edition!r}")
    if event.hour.minute or event.hour.second or event.hour.microsecond:
        raise LogViolation(index, "ballot", "its time is finer than an hour")


def _opened(
    index: int, event: Event, opening: bytes, electorate: Electorate | None
) -> tuple[str, ...] | None:
    if not opening:
        return None
    if not isinstance(event, BallotCast) or electorate is None:
        raise LogViolation(index, "opening", "there is one and the entry is no ballot")
    return _check_opening(index, event, opening, electorate.rules)


def _check_opening(
    index: int, event: BallotCast, record: bytes, rules: BallotRules
) -> tuple[str, ...]:
    try:
        opening = decode_opening(record)
        check_choices(rules, opening.choices)
    except UNREADABLE_JSON as error:
        raise LogViolation(index, "opening", f"it cannot be read: {error}") from error
    except Refusal as error:
        raise LogViolation(index, "opening", f"{error.slug}: {error.detail}") from error
    if commitment(opening.salt, opening.choices) != event.commitment:
        raise LogViolation(index, "opening", "it does not open the commitment in the entry")
    if encode_opening(opening.salt, opening.choices) != record:
        # Base64 has spare bits: without this a changed byte could go unnoticed until the result
        # is certified, and then nobody could say where it is.
        raise LogViolation(index, "opening", "its bytes are not those that these choices have")
    return opening.choices


class Replay:
    """The verified state of one edition's log up to `frontier.size` entries.

    `standings` maps a voter's key to the ballot that counts. A caller that keeps standings
    elsewhere puts those of the keys at hand into it before each `fold`; `voters` does not depend on
    how many are held. `unopened` is the index of the first ballot whose opening was not there.
    """

    def __init__(
        self,
        log: LogIdentity,
        *,
        state: EditionState | None = None,
        frontier: Frontier | None = None,
        openings: Frontier | None = None,
        counts: dict[str, int] | None = None,
        ballots: int = 0,
        voters: int = 0,
        unopened: int | None = None,
    ) -> None:
        self.log = log
        self.state = state
        self.frontier = frontier or Frontier.empty()
        self.openings = openings or Frontier.empty()
        self.counts = counts or {}
        self.ballots = ballots
        self.voters = voters
        self.unopened = unopened
        self.standings: MutableMapping[bytes, CountedBallot] = {}

    @property
    def size(self) -> int:
        """How many entries were folded."""
        return self.frontier.size

    @property
    def head(self) -> Head:
        """Size and root of what was folded."""
        return Head(self.frontier.size, self.frontier.root())

    @property
    def electorate(self) -> Electorate | None:
        """What the next entries are to be inspected with."""
        return Electorate.of(self.state) if self.state else None

    def count(self) -> Count | None:
        """The count, or None while an opening is missing."""
        if self.unopened is not None:
            return None
        return Count(
            counts=dict(self.counts),
            ballots=self.ballots,
            voters=self.voters,
            openings_root=self.openings.root(),
        )

    def fold(self, entries: Sequence[Inspected]) -> None:
        """Take the next entries, in order; raises `LogViolation`."""
        pending = 0
        for offset, entry in enumerate(entries):
            if entry.milestone is not None:
                self._hash(entries[pending:offset])
                pending = offset
                self._milestone(entry.milestone)
            else:
                self._ballot(self.frontier.size + offset - pending, entry)
        self._hash(entries[pending:])

    def _hash(self, entries: Sequence[Inspected]) -> None:
        self.frontier = self.frontier.extend([entry.leaf for entry in entries]).frontier
        self.openings = self.openings.extend([entry.opening_leaf for entry in entries]).frontier

    def _ballot(self, index: int, ballot: Inspected) -> None:
        if self.state is None:
            raise LogViolation(index, "ballot", "it was cast before the edition was announced")
        try:
            check_may_cast(self.state)
        except Refusal as error:
            raise LogViolation(index, "ballot", error.detail) from error
        before = self.standings.get(ballot.key)
        if before is None:
            self.voters += 1
        elif ballot.seq <= before.seq:
            raise LogViolation(
                index, "ballot", f"seq {ballot.seq} after seq {before.seq} of the same key"
            )
        self.ballots += 1
        self.standings[ballot.key] = CountedBallot(ballot.seq, ballot.choices)
        self._recount(index, before, ballot.choices)

    def _recount(
        self, index: int, before: CountedBallot | None, choices: tuple[str, ...] | None
    ) -> None:
        if choices is None:
            self.unopened = index if self.unopened is None else self.unopened
            return
        counts = self.counts
        for id_ in choices:
            counts[id_] += 1
        for id_ in before.choices or () if before else ():
            counts[id_] -= 1

    def _milestone(self, event: Milestone) -> None:
        index = self.frontier.size
        if isinstance(event, EditionAnnounced) and event.manifest.log != self.log:
            raise LogViolation(index, "EditionAnnounced", "it names another log than this one")
        self._decide_again(event, index)
        state = self.state = evolve(self.state, event, index)
        if state.phase == "shortlisted":
            self.counts = dict.fromkeys(state.order, 0)

    def _decide_again(self, event: Milestone, index: int) -> None:
        name = type(event).__name__
        try:
            relies_on_count = isinstance(event.signed.decoded(), DrawTieSeed | CertifyResult)
            if relies_on_count and self.unopened is not None:
                raise LogViolation(self.unopened, "opening", "it is missing, a result relies on it")
            decided = decide(
                self.state, event.signed, head=self.head, count=self.count(), time=event.time
            )
        except Refusal as error:
            raise LogViolation(index, name, f"{error.slug}: {error.detail}") from error
        if decided != event:
            raise LogViolation(index, name, "it does not say what the officers' command says")
