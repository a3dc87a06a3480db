"""Casting ballots with a voter's file so that none is lost.

A ballot is saved before it is sent. If the answer is lost, or the program ends in between, the very
same ballot is sent again: it counts once, and has one receipt. Only its receipt, or a refusal after
which it cannot be in the log, makes the file forget it.

Not here: how a credential is got (`issuance.py`), and the log's history. A receipt proves that the
ballot is in the log that the file's `vkey` signs; the rest is for an audit.
"""

import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from shared.client.ballot_box import BallotBox
from shared.client.errors import Refused
from shared.client.voter import VoterFile, save_voter
from shared.edition.ballot import Ballot, BallotRules, check_choices, sign_ballot
from shared.edition.credential import (
    BadIssuerKey,
    credential_message,
    load_issuer_spki,
    verify_credential,
)
from shared.edition.errors import BadCredential, StaleSeq, VotingClosed, VotingNotOpen
from shared.edition.views import EditionView

SALT_BYTES: Final = 16
_BEFORE_OPENING: Final = ("announced", "shortlisted", "rolled")


def check_vote(voter: VoterFile, view: EditionView, choices: Sequence[str]) -> None:
    """Raise a `Refusal` if the edition as it stands would not take these choices from this voter.

    The issuer's key is the one that the server says is committed: a wrong one is found here.
    """
    if view.phase in _BEFORE_OPENING or view.roll is None:
        raise VotingNotOpen(f"{view.edition!r} is {view.phase}")
    if view.phase != "open":
        raise VotingClosed(f"voting in {view.edition!r} has closed")
    ids = frozenset(initiative.id for initiative in view.initiatives)
    manifest = view.manifest
    check_choices(BallotRules(ids, manifest.min_choices, manifest.max_choices), choices)
    _check_credential(voter, view.roll.issuer_key)


async def cast_vote(
    box: BallotBox, file: Path, voter: VoterFile, view: EditionView, choices: Sequence[str]
) -> VoterFile:
    """Cast a new ballot with the next seq; returns the voter as saved, with its receipt, verified.

    Raises a `Refusal` of `check_vote`, `UnusableVoterFile`, and what `send_pending` raises. There
    must be no pending ballot: send that first.
    """
    if voter.pending is not None:
        raise AssertionError("a pending ballot must be sent before a new one is made")
    check_vote(voter, view, choices)
    ballot = sign_ballot(
        voter.private_key,
        voter.edition,
        credential=voter.credential,
        seq=voter.seq + 1,
        choices=choices,
        salt=secrets.token_bytes(SALT_BYTES),
    )
    # A crash after this line sends this ballot again, before it a new one: never two with one seq.
    voter = replace(voter, pending=ballot)
    save_voter(file, voter)
    return await send_pending(box, file, voter)


async def send_pending(box: BallotBox, file: Path, voter: VoterFile) -> VoterFile:
    """Send the pending ballot; returns the voter as saved, with its receipt, verified.

    Raises `Refused` when the answer is no, `BadReceipt` when it proves something else, and
    `CannotRead` when there is none; after the last two the ballot stays pending.
    """
    ballot = voter.pending
    if ballot is None:
        raise AssertionError("there is no pending ballot to send")
    try:
        receipt = await box.cast(voter.edition, ballot, voter.verifier)
    except Refused as refused:
        save_voter(file, _after_refusal(voter, ballot, refused.problem.slug))
        raise
    voter = replace(voter, seq=ballot.seq, pending=None, receipt=receipt)
    save_voter(file, voter)
    return voter


def _after_refusal(voter: VoterFile, ballot: Ballot, slug: str) -> VoterFile:
    """Forget the ballot unless it may be in the log nevertheless.

    It may when voting has closed: an earlier attempt may have got in and its answer been lost. And
    when the answer is none of Huimin's, some other server gave it, which says nothing.
    """
    if slug in ("", VotingClosed.slug):
        return voter
    if slug == StaleSeq.slug:  # another ballot of this key, from a copy of the file, has this seq
        return replace(voter, pending=None, seq=ballot.seq)
    return replace(voter, pending=None)


def _check_credential(voter: VoterFile, issuer_key: bytes) -> None:
    try:
        issuer = load_issuer_spki(issuer_key)
    except BadIssuerKey as error:
        raise BadCredential(f"the edition's issuer key as served: {error}") from error
    message = credential_message(voter.edition, issuer_key, voter.public_key)
    try:
        verify_credential(issuer, message, voter.credential)
    except BadCredential as error:
        raise BadCredential(
            f"the credential in the file is not one of the issuer of {voter.edition!r} for the key"
            " in the file; it may be for another edition or another key"
        ) from error
