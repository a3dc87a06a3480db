"""What the HTTP interfaces and the tally stream answer: read models for people and programs.

Convenience only: whoever needs certainty reads the log. `bytes` are standard base64 in JSON.
"""

from datetime import date
from typing import Literal

from msgspec import Struct

from shared.edition.manifest import (
    Disclosure,
    EligibilityMode,
    Initiative,
    Manifest,
    Text,
    Timestamp,
)
from shared.edition.state import Phase


class Receipt(Struct, frozen=True, kw_only=True):
    """Where an entry stands in the log, its exact bytes, and a C2SP tlog-proof of both."""

    edition: str
    index: int
    entry: bytes
    proof: str


class RollView(Struct, frozen=True, kw_only=True):
    """The roll commitment: number of people, Merkle root, and the issuer's key (SPKI DER)."""

    size: int
    root: bytes
    issuer_key: bytes
    mode: EligibilityMode


class EditionSummary(Struct, frozen=True, kw_only=True):
    """One line of the list of editions; `log` is the path of its log on this server."""

    edition: str
    title: Text
    phase: Phase
    log: str
    vkey: str


class EditionList(Struct, frozen=True, kw_only=True):
    """The editions of this service; a new one's origin is `log_origin`/<edition>."""

    log_origin: str
    log_key: bytes
    editions: tuple[EditionSummary, ...]


class EditionView(Struct, frozen=True, kw_only=True):
    """An edition as it stands; `milestone_size` is the log size after the last milestone."""

    edition: str
    phase: Phase
    manifest: Manifest
    initiatives: tuple[Initiative, ...]
    roll: RollView | None
    issued: int | None
    milestone_size: int
    size: int
    checkpoint: str
    log: str
    vkey: str


class InitiativeTally(Struct, frozen=True):
    """How many counted ballots name an initiative."""

    id: str
    ballots: int


class DrawView(Struct, frozen=True):
    """A draw as it stands in the log: who was tied, the digits thrown, the root they apply to."""

    tied: tuple[str, ...]
    seed: str
    root: bytes


class ResultView(Struct, frozen=True, kw_only=True):
    """The result after the close: the chosen in order, and the tied whom a draw must order.

    `draw` is there once one was held.
    """

    winners: tuple[str, ...]
    tied: tuple[str, ...]
    seats_open: int
    decided_by_draw: bool
    certified: bool
    draw: DrawView | None = None


class Contradiction(Struct, frozen=True):
    """Where the tally found the log wrong; it counts nothing after that."""

    index: int
    what: str
    why: str


class ReceiptChecks(Struct, frozen=True, kw_only=True):
    """How many receipts were checked on a day of the city, as pages reported; no evidence."""

    day: date
    verified: int
    wrong: int


class TallySnapshot(Struct, frozen=True, kw_only=True):
    """The verified tally of the first `size` log entries, as of `time`.

    `counts` is in published order, None while choices are sealed or a contradiction stands.
    `behind` is the number of entries known to exist but not yet counted; `checkpoint` is the signed
    note that the `size` entries were verified against (empty before the first).
    """

    edition: str
    phase: Phase | None
    disclosure: Disclosure | None
    size: int
    behind: int
    time: Timestamp
    status: Literal["verified", "catching-up", "contradiction"]
    ballots: int
    voters: int
    roll_size: int | None
    counts: tuple[InitiativeTally, ...] | None
    result: ResultView | None
    checkpoint: str
    contradiction: Contradiction | None = None


class HourTurnout(Struct, frozen=True):
    """Ballots cast in the hour that begins at `hour`, and how many were a voter's first.

    Nothing finer is stored or shown: the log has the hour only, because a public finer time would
    help to link a person to a ballot.
    """

    hour: Timestamp
    ballots: int
    voters: int


class Turnout(Struct, frozen=True):
    """The turnout of an edition by hour, oldest first; hours without a ballot are left out."""

    edition: str
    hours: tuple[HourTurnout, ...]
