"""RSA blind signatures: RSABSSA-SHA384-PSS-Deterministic of RFC 9474.

SHA-384, MGF1 with SHA-384, a 48-byte salt, identity preparation (the message is signed as it is).
The result is an ordinary RSASSA-PSS signature (RFC 8017), and verifying it needs no blindness.
Names and steps are the RFC's. What a signature means is not known here: see `credential.py`.

Secrets are handled in constant time as far as Python goes: exponentiations with a secret exponent
or base are GMP's `mpz_powm_sec`, and whatever else touches a secret (the CRT arithmetic of the
issuer, the inversions of both sides) sees it only multiplied by a fresh random number.
Memory is not wiped: Python cannot.
"""

import secrets
from collections.abc import Callable
from hashlib import sha384
from math import gcd

import gmpy2  # type: ignore[import-untyped]  # it ships no type information
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

RandomBytes = Callable[[int], bytes]
"""A source of uniform bytes: it returns as many as it is asked for."""

SALT_BYTES = 48
_HASH_BYTES = 48
_SHA384 = hashes.SHA384()
_PSS = padding.PSS(mgf=padding.MGF1(_SHA384), salt_length=SALT_BYTES)


class BlindSignatureError(Exception):
    """Base of this module's errors."""


class BlindedMessageInvalid(BlindSignatureError):
    """The client sent what no blinding under the issuer's key can produce."""


class SignatureInvalid(BlindSignatureError):
    """The signature is not one of the public key's owner over the message."""


class SigningFailed(BlindSignatureError):
    """The issuer computed a wrong signature and withheld it."""


class UnusableKey(BlindSignatureError):
    """The key is too short for the padding, or its modulus is no product of two large primes."""


def blind(
    public_key: rsa.RSAPublicKey,
    message: bytes,
    *,
    random_bytes: RandomBytes = secrets.token_bytes,
) -> tuple[bytes, int]:
    """Blind (RFC 9474, 4.2): the blinded message for the issuer, and the inverse for `finalize`.

    The blinded message is as long as the modulus and says nothing about `message`. The inverse is
    the voter's secret: whoever has it can link the voter to the signature. `random_bytes` gives
    the salt (48 bytes) and then the blinding factor. Raises `UnusableKey`.
    """
    n, e = _public(public_key)
    salt = random_bytes(SALT_BYTES)
    m = int.from_bytes(emsa_pss_encode(message, n.bit_length() - 1, salt))
    if gcd(m, n) != 1:
        raise UnusableKey(_FACTOR_FOUND)
    r, inverse = _factor_and_inverse(n, random_bytes)
    return _to_bytes(m * _power(r, e, n) % n, n), inverse


class BlindSigner:
    """The issuer's side: signs blinded messages with one private key, prepared once."""

    def __init__(self, private_key: rsa.RSAPrivateKey) -> None:
        numbers = private_key.private_numbers()
        self.public_key = private_key.public_key()
        self._n, self._e = _public(self.public_key)
        self._p, self._q = numbers.p, numbers.q
        self._d_p, self._d_q, self._q_inverse = numbers.dmp1, numbers.dmq1, numbers.iqmp

    def blind_sign(
        self, blinded_message: bytes, *, random_bytes: RandomBytes = secrets.token_bytes
    ) -> bytes:
        """BlindSign (RFC 9474, 4.3): the blind signature, as long as the modulus.

        `random_bytes` blinds the private operation and does not change the result. Raises
        `BlindedMessageInvalid`; raises `SigningFailed` rather than let a wrong signature leave,
        since one fault in the CRT would give the private key away (Boneh, DeMillo, Lipton 1997).
        """
        n, e = self._n, self._e
        m = int.from_bytes(blinded_message)
        if len(blinded_message) != _size(n) or m >= n:
            raise BlindedMessageInvalid(
                f"the blinded message ({len(blinded_message)} bytes) must be {_size(n)} bytes and,"
                " as a number, below the issuer's modulus; blind the message under this key again"
            )
        r, r_inverse = _factor_and_inverse(n, random_bytes)
        s = self._private_operation(m * _power(r, e, n) % n) * r_inverse % n
        if _power(s, e, n) != m:
            raise SigningFailed(
                "the blind signature does not verify under the issuer's own public key and was"
                " withheld; check the key file and the machine before signing again"
            )
        return _to_bytes(s, n)

    def _private_operation(self, c: int) -> int:
        """RSASP1 by the Chinese remainder theorem (RFC 8017, 5.2.1, step 2b)."""
        m_p = _power(c % self._p, self._d_p, self._p)
        m_q = _power(c % self._q, self._d_q, self._q)
        return m_q + (m_p - m_q) * self._q_inverse % self._p * self._q


def finalize(
    public_key: rsa.RSAPublicKey, message: bytes, blind_signature: bytes, inverse: int
) -> bytes:
    """Finalize (RFC 9474, 4.4): the signature over `message`, verified.

    Raises `SignatureInvalid` if the issuer's answer is not the signature asked for.
    """
    n, _ = _public(public_key)
    if len(blind_signature) != _size(n):
        raise SignatureInvalid(
            f"the blind signature has {len(blind_signature)} bytes, not {_size(n)}"
        )
    signature = _to_bytes(int.from_bytes(blind_signature) * inverse % n, n)
    verify(public_key, message, signature)
    return signature


def verify(public_key: rsa.RSAPublicKey, message: bytes, signature: bytes) -> None:
    """RSASSA-PSS-VERIFY (RFC 8017, 8.1.2); raises `SignatureInvalid`."""
    try:
        public_key.verify(signature, message, _PSS, _SHA384)
    except InvalidSignature as error:
        raise SignatureInvalid("the signature does not verify under this key") from error


def emsa_pss_encode(message: bytes, em_bits: int, salt: bytes) -> bytes:
    """EMSA-PSS-ENCODE (RFC 8017, 9.1.1) with SHA-384 and this salt: ceil(em_bits / 8) bytes.

    Raises `UnusableKey` when so few bits cannot hold hash and salt.
    """
    em_bytes = (em_bits + 7) // 8
    padding_bytes = em_bytes - _HASH_BYTES - len(salt) - 2
    if padding_bytes < 0:
        raise UnusableKey(f"a modulus of {em_bits + 1} bits is too short for SHA-384 and its salt")
    digest = sha384(bytes(8) + sha384(message).digest() + salt).digest()
    data_block = bytes(padding_bytes) + b"\x01" + salt
    mask = _mgf1(digest, len(data_block))
    # The leftmost bits are cleared, so that the encoding as a number is below the modulus.
    kept_bits = 8 * len(data_block) - (8 * em_bytes - em_bits)
    masked = (int.from_bytes(data_block) ^ int.from_bytes(mask)) & ((1 << kept_bits) - 1)
    return masked.to_bytes(len(data_block)) + digest + b"\xbc"


_FACTOR_FOUND = (
    "a random number shares a factor with the issuer's modulus, so the key is broken;"
    " report it to the registrar and use nothing that it signed"
)


def _mgf1(seed: bytes, length: int) -> bytes:
    """MGF1 with SHA-384 (RFC 8017, B.2.1)."""
    blocks = -(-length // _HASH_BYTES)
    return b"".join(sha384(seed + i.to_bytes(4)).digest() for i in range(blocks))[:length]


def _factor_and_inverse(n: int, random_bytes: RandomBytes) -> tuple[int, int]:
    """A uniform r in [1, n) and its inverse modulo n.

    The time of Euclid's algorithm tells of its operand, so it is given r times a random mask.
    """
    r, mask = _uniform_below(n, random_bytes), _uniform_below(n, random_bytes)
    try:
        return r, int(gmpy2.invert(r * mask, n)) * mask % n
    except ZeroDivisionError:
        raise UnusableKey(_FACTOR_FOUND) from None


def _uniform_below(n: int, random_bytes: RandomBytes) -> int:
    """A uniform number in [1, n), by rejection: two draws at most on average."""
    while True:
        candidate = int.from_bytes(random_bytes(_size(n)))
        if 0 < candidate < n:
            return candidate


def _power(base: int, exponent: int, modulus: int) -> int:
    return int(gmpy2.powmod_sec(base, exponent, modulus))


def _public(public_key: rsa.RSAPublicKey) -> tuple[int, int]:
    numbers = public_key.public_numbers()
    return numbers.n, numbers.e


def _size(n: int) -> int:
    return (n.bit_length() + 7) // 8


def _to_bytes(number: int, n: int) -> bytes:
    return number.to_bytes(_size(n))
