"""That a registrar from a backup gives nobody a second credential.

Nothing published shows what was issued after the backup. Whoever got a credential then is unknown
to the restored registrar, could have another one for another key, and vote twice. So where
credentials are still given out, issuance is ended in the restored database, as its report would end
it: the issuer's key is gone from it. The backup itself is as it was, and can be restored again.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Final, Literal

from msgspec import Struct

from cli.backup import store
from cli.backup.store import Commitment, Connection

ISSUING: Final = ("rolled", "open")
"""Phases in which credentials are given out; in those before them there can be none."""

EARLIER: Final = ("announced", "shortlisted")


class NotServable(Exception):
    """What was restored does not hold: a log that is wrong, or a registrar behind its log."""


class Voted(Struct, frozen=True):
    """How far an edition's log is, and by how many people it has ballots."""

    phase: str
    voters: int


class RestoredIssuance(Struct, frozen=True, kw_only=True):
    """An edition as the restored registrar has it, and whether it gives out credentials.

    `shut`: they were being given out, and this registrar gives out no more. `voters` is None for
    an edition that has no log yet, or whose issuance was reported long ago.
    """

    edition: str
    issued: int
    voters: int | None
    issuance: Literal["ended", "open", "shut"]


async def settle(
    registrar: Connection,
    logs: Mapping[str, Voted],
    accepted: Collection[str],
    *,
    every_log: bool,
) -> Sequence[RestoredIssuance]:
    """Compare the registrar's database with the logs, by edition, and shut what has to be.

    `accepted` are editions in which the operator takes the risk; `every_log` means that an edition
    without a log here has none anywhere. Raises `NotServable`.
    """
    committed = await store.commitments(registrar)
    if strangers := set(accepted) - {one.edition for one in committed}:
        raise NotServable(
            f"--accept-forgotten-issuance names {', '.join(sorted(strangers))}, and the registrar"
            " in this backup has no such edition. Nothing was restored: name it as it is."
        )
    found = []
    for one in committed:
        log = logs.get(one.edition)
        state = _issuance(one, log, accepted=one.edition in accepted, every_log=every_log)
        if state == "shut":
            await store.end_issuance(registrar, one.edition)
        voters = log.voters if log else None
        found.append(
            RestoredIssuance(edition=one.edition, issued=one.issued, voters=voters, issuance=state)
        )
    return found


def _issuance(
    one: Commitment, log: Voted | None, *, accepted: bool, every_log: bool
) -> Literal["ended", "open", "shut"]:
    if log is not None and one.issued < log.voters:
        raise NotServable(
            f"the registrar in this backup issued {one.issued} credentials for {one.edition!r}, and"
            f" {log.voters} voted: it is behind, and would let people vote twice. Use a newer"
            " backup of it."
        )
    if one.reported:
        return "ended"
    if log is None and not every_log:
        raise NotServable(
            f"without the log of {one.edition!r} nobody can say whether this registrar is behind:"
            " name it, best the running service's (--mirror URL)."
        )
    if log is None or log.phase in EARLIER:
        return _not_begun(one)
    if log.phase not in ISSUING:
        return "ended"
    return "open" if accepted else "shut"


def _not_begun(one: Commitment) -> Literal["open"]:
    if one.issued:
        raise NotServable(
            f"{one.issued} credentials were issued for {one.edition!r}, which is done only after"
            " its roll is in the log: the log to compare with is behind, or was left out. Name the"
            " newest (--mirror)."
        )
    return "open"
