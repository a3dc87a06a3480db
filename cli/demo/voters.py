"""What the demonstration's voters compute on their own devices: keys, blinding, ballots.

All of this is arithmetic, so it runs in worker processes, on all cores. It is done with the
functions that `huimin vote` is made of; only files are left out.
"""

import secrets
from collections.abc import Sequence

from shared.client.casting import SALT_BYTES
from shared.client.issuance import blinded, finalized
from shared.client.voter import VoterFile, new_voter
from shared.edition.ballot import Ballot, sign_ballot

Choices = Sequence[tuple[str, ...]]
"""What one voter chooses, ballot after ballot."""


def new_voters(edition: str, vkey: str, issuer_key: bytes, count: int) -> list[VoterFile]:
    """So many voters, each with a key blinded for the issuer."""
    return [blinded(new_voter(edition, vkey), issuer_key) for _ in range(count)]


def signed_ballots(
    voters: Sequence[VoterFile], blind_signatures: Sequence[bytes], choices: Sequence[Choices]
) -> list[list[Ballot]]:
    """Each voter's ballots in order, with the credential that the blind signature becomes.

    Raises `BadAnswer` if it becomes none.
    """
    return [
        _ballots(finalized(voter, signature), chosen)
        for voter, signature, chosen in zip(voters, blind_signatures, choices, strict=True)
    ]


def _ballots(voter: VoterFile, choices: Choices) -> list[Ballot]:
    key = voter.private_key
    return [
        sign_ballot(
            key,
            voter.edition,
            credential=voter.credential,
            seq=seq,
            choices=chosen,
            salt=secrets.token_bytes(SALT_BYTES),
        )
        for seq, chosen in enumerate(choices, 1)
    ]
