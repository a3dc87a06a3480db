"""Getting a credential, step by step, so that an interruption anywhere loses nothing.

    prepared -> code asked for -> credential

The blinded message is made once and saved before anything is sent. The registrar signs one blinded
message for each person and gives the same answer to the same message, so that whatever was lost on
the way is had again by going the way again with the same file.

Each step gives the voter as saved. What the person types, number and code, is never saved.
"""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from shared.client.errors import BadAnswer, ClientError
from shared.client.registrar import Registrar
from shared.client.voter import Blinding, SentCode, VoterFile, save_voter
from shared.edition.blind_signature import SignatureInvalid, blind, finalize
from shared.edition.credential import BadIssuerKey, credential_message, load_issuer_spki
from shared.edition.events import RollCommitted
from shared.eligibility.views import (
    ChallengeRequest,
    CredentialRequest,
    Person,
    Registration,
)

LONGEST_CODE_S: Final = 86_400


class WrongIssuer(ClientError):
    """The registrar would sign with another key than the log says: nothing was blinded or sent."""


def prepared(voter: VoterFile, registration: Registration, roll: RollCommitted) -> VoterFile:
    """The voter with a message blinded under the issuer key in the log; not saved yet.

    `roll` is to be read from the log (`milestones.committed_roll`). A registrar that gave someone
    an issuer key of their own could recognise their credential later, hence the comparison. Raises
    `WrongIssuer`.
    """
    if registration.issuer_key != roll.issuer_key:
        raise WrongIssuer(
            f"the registrar's issuer key for {voter.edition!r} is not the one in the log; nothing"
            " was sent to it. Tell the officers: by a key of their own a voter could be recognised"
        )
    if voter.blinding is None:
        return blinded(voter, roll.issuer_key)
    if voter.blinding.issuer_key != roll.issuer_key:
        raise WrongIssuer(
            f"the voter's file was prepared for another issuer key than the log of"
            f" {voter.edition!r} has; begin again with a new file"
        )
    return voter


def blinded(voter: VoterFile, issuer_key: bytes) -> VoterFile:
    """The voter with a fresh blinding of its key under this issuer key; raises `WrongIssuer`."""
    try:
        issuer = load_issuer_spki(issuer_key)
    except BadIssuerKey as error:
        raise WrongIssuer(f"the issuer key of {voter.edition!r}: {error}") from error
    message = credential_message(voter.edition, issuer_key, voter.public_key)
    blinded_message, inverse = blind(issuer, message)
    blinding = Blinding(
        issuer_key=issuer_key,
        blinded_message=blinded_message,
        inverse=inverse.to_bytes(len(blinded_message)),
    )
    return replace(voter, blinding=blinding)


async def ask_for_code(
    registrar: Registrar, file: Path, voter: VoterFile, request: ChallengeRequest, now: datetime
) -> VoterFile:
    """Have a code sent to the person; an earlier code is void. `voter` must be prepared.

    Raises what `Registrar.challenge` raises, and `UnusableVoterFile`.
    """
    _ = blinding_of(voter)
    save_voter(file, voter)
    challenge = await registrar.challenge(voter.edition, request)
    until = now + timedelta(seconds=min(challenge.expires_in_s, LONGEST_CODE_S))
    voter = replace(voter, sent_code=SentCode(challenge, until))
    save_voter(file, voter)
    return voter


async def get_credential(
    registrar: Registrar, file: Path, voter: VoterFile, person: Person
) -> VoterFile:
    """Have the voter's key signed for this person; `voter` must be prepared.

    Raises what `Registrar.credential` raises, `BadAnswer` when the answer is no signature on the
    voter's key, and `UnusableVoterFile`. After each of them the same may be tried again.
    """
    request = CredentialRequest(person=person, blinded_message=blinding_of(voter).blinded_message)
    save_voter(file, voter)
    voter = finalized(voter, await registrar.credential(voter.edition, request))
    save_voter(file, voter)
    return voter


def finalized(voter: VoterFile, blind_signature: bytes) -> VoterFile:
    """The voter with its credential, verified; not saved yet. Raises `BadAnswer`."""
    blinding = blinding_of(voter)
    issuer = load_issuer_spki(blinding.issuer_key)
    message = credential_message(voter.edition, blinding.issuer_key, voter.public_key)
    inverse = int.from_bytes(blinding.inverse)
    try:
        return voter.with_credential(finalize(issuer, message, blind_signature, inverse))
    except SignatureInvalid as error:
        raise BadAnswer(
            f"the registrar's blind signature is not the one asked for: {error}"
        ) from error


def blinding_of(voter: VoterFile) -> Blinding:
    """The blinding of a voter who was prepared."""
    if voter.blinding is None:
        raise AssertionError("a voter must be prepared before anything is sent to the registrar")
    return voter.blinding
