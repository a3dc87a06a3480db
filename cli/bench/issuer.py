"""Credentials and ballots for measurements of the ballot service, without a registrar.

The issuer signs voter keys directly: a blind signature, finalized, is such an ordinary RSA-PSS
signature, and how it came about takes no part in casting.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Sequence

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)

from cli.demo.script import Script
from shared.edition.ballot import Ballot, sign_ballot, voter_key_bytes
from shared.edition.blind_signature import SALT_BYTES
from shared.edition.credential import credential_message, generate_issuer_key, issuer_spki
from shared.eligibility.views import Commitment
from shared.processes import usable_cores, worker_pool

CHUNK = 32
BALLOT_SALT_BYTES = 16


class LocalIssuer:
    """Holds an issuer key; `commitment` is that to a roll of so many people whom nobody knows."""

    def __init__(self, people: int) -> None:
        self._key = generate_issuer_key()
        self.commitment = Commitment(
            size=people,
            root=secrets.token_bytes(32),
            issuer_key=issuer_spki(self._key.public_key()),
            mode="roll",
        )

    async def ballots(self, script: Script) -> AsyncIterator[Sequence[Ballot]]:
        """For chunk after chunk of voters, the first ballot of each."""
        private = self._key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        loop = asyncio.get_running_loop()
        chosen = [voter[0] for voter in script.voters]
        with worker_pool(usable_cores(), __name__) as pool:
            work = [
                loop.run_in_executor(
                    pool, _sign_chunk, private, script.edition, chosen[start : start + CHUNK]
                )
                for start in range(0, len(chosen), CHUNK)
            ]
            for chunk in work:
                yield await chunk


def _sign_chunk(
    private: bytes, edition: str, chosen: Sequence[tuple[str, ...]]
) -> Sequence[Ballot]:
    key = load_der_private_key(private, None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise TypeError("the issuer key is not RSA")
    return [_sign(key, edition, choices) for choices in chosen]


def _sign(issuer: rsa.RSAPrivateKey, edition: str, choices: tuple[str, ...]) -> Ballot:
    key = ec.generate_private_key(ec.SECP256R1())
    message = credential_message(edition, issuer_spki(issuer.public_key()), voter_key_bytes(key))
    pss = padding.PSS(mgf=padding.MGF1(hashes.SHA384()), salt_length=SALT_BYTES)
    return sign_ballot(
        key,
        edition,
        credential=issuer.sign(message, pss, hashes.SHA384()),
        seq=1,
        choices=choices,
        salt=secrets.token_bytes(BALLOT_SALT_BYTES),
    )
