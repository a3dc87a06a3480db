"""What an audit reports, to people and to programs (`--json`). `bytes` are base64 in JSON."""

from typing import Literal

from msgspec import Struct

from cli.audit.evidence import CheckName, Violation
from shared.client.log_key import KeySource
from shared.edition.commands import ChannelIssuance
from shared.edition.manifest import Text

Outcome = Literal["passed", "failed", "pending"]


class Check(Struct, frozen=True):
    """One thing that was checked; `pending`: it cannot be yet, and that is no fault."""

    name: CheckName
    outcome: Outcome
    detail: str


class AuditReport(Struct, frozen=True, kw_only=True):
    """The outcome of an audit of the log `origin` at `size` entries.

    `verdict` is "wrong" exactly if there is a `violation`; then the other fields say what was known
    until it was met, and nothing is counted. `counts` (by initiative id, in published order) is
    None while choices are sealed, as is `openings_root`, the Merkle root over the openings.
    `winners` and `tied` are empty before the close. `issued` is the number of credentials that the
    registrar reported, `channels` how many of them in each way, `roll` the size of the roll.
    `key_source` "first-use" means that the log's own word was taken for its key: compare `vkey`
    with the published one.
    """

    verdict: Literal["verified", "wrong"]
    violation: Violation | None
    source: str
    edition: str | None
    title: Text | None
    phase: str | None
    origin: str | None
    vkey: str | None
    key_source: KeySource | None
    size: int | None
    root: bytes | None
    openings_root: bytes | None
    ballots: int
    voters: int
    issued: int | None
    channels: tuple[ChannelIssuance, ...]
    roll: int | None
    counts: dict[str, int] | None
    titles: dict[str, Text]
    winners: tuple[str, ...]
    tied: tuple[str, ...]
    certified: bool
    checks: tuple[Check, ...]
    seconds: float
