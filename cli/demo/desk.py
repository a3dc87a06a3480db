"""The demonstration's voters, and the desk that gives each of them a credential.

The desk signs blindly, by the code that a registrar uses: it sees a blinded message, never a key.
All of this is arithmetic, so it runs in processes of its own, on all cores.
"""

import asyncio
import multiprocessing
import os
import secrets
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ProcessPoolExecutor

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)

from cli.demo.script import Script
from shared.edition.ballot import Ballot, sign_ballot, voter_key_bytes
from shared.edition.blind_signature import BlindSigner, blind, finalize
from shared.edition.credential import credential_message, generate_issuer_key, issuer_spki
from shared.log.frontier import Frontier
from shared.log.merkle import leaf_hash

CHUNK = 32
REFERENCE_BYTES = 32


class Desk:
    """Holds the edition's issuer key and a roll of as many references as there are voters."""

    def __init__(self, people: int) -> None:
        self._key = generate_issuer_key()
        self.issuer_key = issuer_spki(self._key.public_key())
        self.issued = 0
        self._references = sorted(secrets.token_bytes(REFERENCE_BYTES) for _ in range(people))

    @property
    def roll_size(self) -> int:
        """How many people may vote."""
        return len(self._references)

    @property
    def roll_root(self) -> bytes:
        """Merkle root over the sorted roll references."""
        return _root(self._references)

    @property
    def issued_root(self) -> bytes:
        """Merkle root over the references that got a credential."""
        return _root(self._references[: self.issued])

    def credential(self, edition: str, voter_key: ec.EllipticCurvePrivateKey) -> bytes:
        """A credential for one more person on the roll."""
        self.issued += 1
        return _credential(BlindSigner(self._key), edition, self.issuer_key, voter_key)

    async def ballots(self, script: Script) -> AsyncIterator[Sequence[Sequence[Ballot]]]:
        """For chunk after chunk of voters, each voter's signed ballots in order."""
        private = self._key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        loop = asyncio.get_running_loop()
        spawn = multiprocessing.get_context("spawn")
        chunks = [script.voters[i : i + CHUNK] for i in range(0, len(script.voters), CHUNK)]
        with ProcessPoolExecutor(os.cpu_count(), mp_context=spawn) as pool:
            work = [
                loop.run_in_executor(pool, _sign_chunk, private, script.edition, chunk)
                for chunk in chunks
            ]
            for chunk, ballots in zip(chunks, work, strict=True):
                signed = await ballots
                self.issued += len(chunk)
                yield signed


def _root(references: Sequence[bytes]) -> bytes:
    return Frontier.empty().extend([leaf_hash(reference) for reference in references]).root


def _credential(
    desk: BlindSigner, edition: str, issuer_key: bytes, voter_key: ec.EllipticCurvePrivateKey
) -> bytes:
    """What voter and desk do between them: blind, sign blindly, finalize."""
    message = credential_message(edition, issuer_key, voter_key_bytes(voter_key))
    blinded, inverse = blind(desk.public_key, message)
    return finalize(desk.public_key, message, desk.blind_sign(blinded), inverse)


def _sign_chunk(
    private: bytes, edition: str, voters: Sequence[Sequence[tuple[str, ...]]]
) -> Sequence[Sequence[Ballot]]:
    key = load_der_private_key(private, None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise TypeError("the issuer key is not RSA")
    desk, spki = BlindSigner(key), issuer_spki(key.public_key())
    return [_sign(desk, edition, spki, choices) for choices in voters]


def _sign(
    desk: BlindSigner, edition: str, spki: bytes, choices: Sequence[tuple[str, ...]]
) -> Sequence[Ballot]:
    key = ec.generate_private_key(ec.SECP256R1())
    credential = _credential(desk, edition, spki, key)
    return [
        sign_ballot(
            key,
            edition,
            credential=credential,
            seq=seq,
            choices=chosen,
            salt=secrets.token_bytes(16),
        )
        for seq, chosen in enumerate(choices, 1)
    ]
