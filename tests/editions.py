"""Makes whole editions in memory, with the real domain code, for tests that need a log.

`EditionBuilder` does what a ballot service does: every officers' command goes through `decide`, and
every ballot is signed by its voter's key and vouched for by the issuer. What a service would never
write is appended as it is with `append`, so that readers can be shown illegal logs.
The count is computed here from its definition, not by the code under test.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import TypedDict

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shared.edition.ballot import (
    Ballot,
    check_choices,
    committed,
    encode_opening,
    sign_ballot,
    voter_key_bytes,
)
from shared.edition.commands import (
    AnnounceEdition,
    CertifyResult,
    CloseVoting,
    Command,
    CommitRoll,
    DrawTieSeed,
    OpenVoting,
    PublishShortlist,
    ReportIssuance,
    SignedCommand,
    encode_command,
    sign_command,
)
from shared.edition.credential import credential_message, generate_issuer_key, issuer_spki
from shared.edition.decider import check_may_cast, decide, evolve
from shared.edition.events import BallotCast, Event, Milestone, encode_event
from shared.edition.manifest import (
    Disclosure,
    EligibilityMode,
    Initiative,
    LogIdentity,
    Manifest,
    Officer,
    Text,
)
from shared.edition.state import Count, EditionState, Head
from shared.edition.views import Receipt
from shared.log.merkle import leaf_hash
from shared.log.note import Signer, Verifier
from tests.log_tree import LogTree, root_of

TIME = datetime(2027, 3, 1, 9, tzinfo=UTC)
LOG_SEED = bytes(range(32))
ISSUER = "issuer"
OFFICERS = {
    name: Ed25519PrivateKey.from_private_bytes(sha256(name.encode()).digest())
    for name in ("first", "second", "third")
}


@cache
def issuer_key(name: str) -> rsa.RSAPrivateKey:
    """An issuer key, made once in a run: RSA keys take long."""
    return generate_issuer_key()


@dataclass(frozen=True)
class Voter:
    """A voter's key and the credential that makes it count."""

    key: ec.EllipticCurvePrivateKey
    credential: bytes


@cache
def voter(number: int, edition: str, issuer: str) -> Voter:
    """The voter with this number, the same each time."""
    secret = int.from_bytes(sha256(b"voter %d" % number).digest()) >> 1
    key = ec.derive_private_key(secret, ec.SECP256R1())
    signer = issuer_key(issuer)
    message = credential_message(edition, issuer_spki(signer.public_key()), voter_key_bytes(key))
    pss = padding.PSS(mgf=padding.MGF1(hashes.SHA384()), salt_length=48)
    return Voter(key, signer.sign(message, pss, hashes.SHA384()))


class Base(TypedDict):
    """What every command carries."""

    edition: str
    origin: str
    expected_size: int


class EditionBuilder:
    """An edition as it proceeds; `entries` and `openings` have a record for each index."""

    def __init__(
        self,
        edition: str = "2027",
        *,
        disclosure: Disclosure = "live",
        seats: int = 2,
        initiatives: int = 5,
        prefix: str = "i",
        max_choices: int = 3,
        log_seed: bytes = LOG_SEED,
        origin: str = "vote.example",
    ) -> None:
        self.edition = edition
        self.signer = Signer(f"{origin}/{edition}", log_seed)
        self.verifier = Verifier.parse(self.signer.vkey)
        self.ids = tuple(f"{prefix}{number:02}" for number in range(1, initiatives + 1))
        self.entries: list[bytes] = []
        self.openings: list[bytes] = []
        self.state: EditionState | None = None
        self.ballots: list[tuple[int, Ballot]] = []
        self.manifest = Manifest(
            title=Text(zh="惠民十大行动", en="Ten actions for the people"),
            disclosure=disclosure,
            officers=tuple(
                Officer(id=name, key=key.public_key().public_bytes_raw())
                for name, key in OFFICERS.items()
            ),
            log=LogIdentity(origin=self.signer.name, key=self.verifier.public),
            seats=seats,
            max_choices=max_choices,
        )

    # What officers do.

    def announce(self) -> None:
        """Announce the edition."""
        self.command(AnnounceEdition(manifest=self.manifest, **self.base()))

    def publish_shortlist(self) -> None:
        """Publish the initiatives."""
        initiatives = tuple(
            Initiative(
                id=id_,
                title=Text(zh=f"事项 {id_}", en=f"Initiative {id_}"),
                summary=Text(zh="为民办实事", en="Something for the people"),
                department=Text(zh="公安局", en="Police"),
            )
            for id_ in self.ids
        )
        self.command(PublishShortlist(initiatives=initiatives, **self.base()))

    def commit_roll(self, size: int = 100_000, mode: EligibilityMode = "roll") -> None:
        """Commit the roll and the issuer's key."""
        spki = issuer_spki(issuer_key(ISSUER).public_key())
        root = sha256(b"roll").digest()
        self.command(CommitRoll(size=size, root=root, issuer_key=spki, mode=mode, **self.base()))

    def open(self) -> None:
        """Open voting."""
        self.command(OpenVoting(**self.base()))

    def close(self) -> None:
        """Close voting."""
        self.command(CloseVoting(**self.base()))

    def report_issuance(self, issued: int | None = None) -> None:
        """Report how many credentials were issued; by default one for each voter."""
        issued = self.count().voters if issued is None else issued
        root = sha256(b"issued").digest()
        self.command(ReportIssuance(issued=issued, root=root, **self.base()))

    def draw(self, seed: str = "31415926535897932384") -> None:
        """Draw the tied ones."""
        tied = self.current.result(self.count().counts).tied
        self.command(DrawTieSeed(seed=seed, tied=tied, root=self.head.root, **self.base()))

    def certify(self) -> None:
        """Certify what the count gives."""
        self.command(self.certificate())

    def certificate(self) -> CertifyResult:
        """The command that certifies what the count gives."""
        count = self.count()
        return CertifyResult(
            winners=self.current.result(count.counts).winners,
            counts=dict(count.counts),
            size=self.head.size,
            root=self.head.root,
            openings_root=count.openings_root,
            **self.base(),
        )

    def prepare(self) -> None:
        """Everything up to the opening of the vote."""
        self.announce()
        self.publish_shortlist()
        self.commit_roll()
        self.open()

    def finish(self) -> None:
        """Everything from the close to the certificate."""
        self.close()
        self.report_issuance()
        if self.current.result(self.count().counts).tied:
            self.draw()
        self.certify()

    def base(self) -> Base:
        """What every command carries."""
        return Base(edition=self.edition, origin=self.signer.name, expected_size=len(self.entries))

    def signed(
        self, command: Command, officers: Iterable[str] = ("first", "second")
    ) -> SignedCommand:
        """The command with the signatures of these officers."""
        data = encode_command(command)
        return SignedCommand(
            command=data,
            signatures=tuple(sign_command(data, name, OFFICERS[name]) for name in officers),
        )

    def command(self, command: Command) -> Milestone:
        """Carry out a command as a ballot service does; raises the `Refusal` that one would."""
        event = decide(
            self.state, self.signed(command), head=self.head, count=self.count(), time=TIME
        )
        self.state = evolve(self.state, event, len(self.entries))
        self.append(event)
        return event

    # What voters do.

    def ballot(
        self, number: int, choices: Sequence[str], seq: int = 1, issuer: str = ISSUER
    ) -> Ballot:
        """The ballot of a voter, signed, with a credential of this issuer."""
        who = voter(number, self.edition, issuer)
        salt = sha256(f"{number} {seq}".encode()).digest()[:16]
        return sign_ballot(
            who.key,
            self.edition,
            credential=who.credential,
            seq=seq,
            choices=choices,
            salt=salt,
        )

    def cast(self, number: int, choices: Sequence[str], seq: int = 1) -> int:
        """Cast the ballot of a voter; returns its index."""
        state = self.current
        check_may_cast(state)
        check_choices(state.ballot_rules, choices)
        return self.record(self.ballot(number, choices, seq))

    def cast_many(self, voters: int, first: int = 0) -> None:
        """Ballots of so many voters for two initiatives each; every tenth changes its mind."""
        for number in range(first, first + voters):
            chosen = [self.ids[number % len(self.ids)], self.ids[(number // 2 + 1) % len(self.ids)]]
            self.cast(number, sorted(set(chosen)))
            if number % 10 == 9:
                self.cast(number, [self.ids[0]], seq=2)

    def record(self, ballot: Ballot) -> int:
        """Append a ballot without asking whether it may be; returns its index."""
        self.ballots.append((len(self.entries), ballot))
        opening = encode_opening(ballot.salt, ballot.choices)
        return self.append(event_of(self.edition, ballot), opening)

    # The log.

    def append(self, event: Event, opening: bytes = b"") -> int:
        """Append an event as it is; returns its index."""
        self.entries.append(encode_event(event))
        self.openings.append(opening)
        return len(self.entries) - 1

    def tree(self, size: int | None = None) -> LogTree:
        """The Merkle tree of the log's first `size` entries."""
        return LogTree(self.signer, self.entries[:size])

    @property
    def head(self) -> Head:
        """Size and root of the log."""
        return Head(len(self.entries), self.tree().root)

    def count(self) -> Count:
        """The count by its definition: of each key, the ballot with the highest seq."""
        last = {ballot.key: ballot for _, ballot in sorted(self.ballots, key=lambda b: b[1].seq)}
        counts = Counter(id_ for ballot in last.values() for id_ in ballot.choices)
        return Count(
            counts={id_: counts[id_] for id_ in self.ids},
            ballots=len(self.ballots),
            voters=len(last),
            openings_root=root_of([leaf_hash(opening) for opening in self.openings]),
        )

    def receipt(self, index: int, size: int | None = None) -> Receipt:
        """The receipt of an entry in the log's first `size` entries."""
        proof = self.tree(size).proof(index).encode().decode()
        entry = self.entries[index]
        return Receipt(edition=self.edition, index=index, entry=entry, proof=proof)

    def write(self, directory: Path) -> Path:
        """Write the static log tree as an export does, with the openings if they are public."""
        public = self.state is None or self.state.openings_public
        return self.tree().write(directory, self.openings if public else None)

    @property
    def current(self) -> EditionState:
        """The state of the edition, which must be announced."""
        assert self.state is not None, "announce the edition first"
        return self.state


def event_of(edition: str, ballot: Ballot) -> BallotCast:
    """The event that a ballot becomes."""
    return BallotCast(
        edition=edition,
        key=ballot.key,
        credential=ballot.credential,
        seq=ballot.seq,
        commitment=committed(ballot),
        signature=ballot.signature,
        hour=TIME,
    )
