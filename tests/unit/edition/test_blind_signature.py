"""RSA blind signatures: the RFC's vectors, an independent PSS, and every refusal."""

import json
import secrets
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from shared.edition.blind_signature import (
    BlindedMessageInvalid,
    BlindSigner,
    RandomBytes,
    SignatureInvalid,
    SigningFailed,
    UnusableKey,
    blind,
    emsa_pss_encode,
    finalize,
    verify,
)

RFC9474 = json.loads((Path(__file__).parents[2] / "vectors" / "rfc9474.json").read_text())
VECTORS = pytest.mark.parametrize(
    "vector", RFC9474["vectors"], ids=[vector["name"] for vector in RFC9474["vectors"]]
)
PSS = padding.PSS(mgf=padding.MGF1(hashes.SHA384()), salt_length=48)
MESSAGE = b"a message that the issuer never sees"


@pytest.fixture(scope="module")
def rfc_key() -> rsa.RSAPrivateKey:
    """The RFC's 4096-bit key, which `cryptography` checks while loading it."""
    p, q, n, e, d = (int(RFC9474["key"][name], 16) for name in ("p", "q", "n", "e", "d"))
    return rsa.RSAPrivateNumbers(
        p=p,
        q=q,
        d=d,
        dmp1=rsa.rsa_crt_dmp1(d, p),
        dmq1=rsa.rsa_crt_dmq1(d, q),
        iqmp=rsa.rsa_crt_iqmp(p, q),
        public_numbers=rsa.RSAPublicNumbers(e, n),
    ).private_key()


@pytest.fixture(scope="module")
def issuer() -> rsa.RSAPrivateKey:
    """An issuer's key of the size that editions use."""
    return rsa.generate_private_key(65537, 2048)


def of(vector: dict[str, str], field: str) -> bytes:
    """The bytes of a vector's field."""
    return bytes.fromhex(vector[field])


def replay(*draws: bytes) -> RandomBytes:
    """A source that gives these bytes, one draw after the other, then fresh ones."""
    prepared = iter(draws)
    return lambda size: next(prepared, secrets.token_bytes(size))


@VECTORS
def test_the_rfc_vector_verifies_by_an_independent_implementation(
    vector: dict[str, str], rfc_key: rsa.RSAPrivateKey
) -> None:
    """The vector is typed correctly: OpenSSL finds its signature good."""
    rfc_key.public_key().verify(of(vector, "sig"), of(vector, "input_msg"), PSS, hashes.SHA384())


def test_encoding_with_the_rfc_salt_gives_the_rfc_encoding(rfc_key: rsa.RSAPrivateKey) -> None:
    """EMSA-PSS-ENCODE gives encoded_msg; the RFC prints it for our variant."""
    vector = RFC9474["vectors"][0]
    encoded = emsa_pss_encode(of(vector, "input_msg"), rfc_key.key_size - 1, of(vector, "salt"))
    assert encoded == of(vector, "encoded_msg")


@VECTORS
def test_blinding_with_the_rfc_randomness_gives_the_rfc_blinded_message(
    vector: dict[str, str], rfc_key: rsa.RSAPrivateKey
) -> None:
    """Blind gives blinded_msg and inv from the salt and the inverse of inv."""
    n = rfc_key.public_key().public_numbers().n
    r = pow(int(vector["inv"], 16), -1, n)
    blinded, inverse = blind(
        rfc_key.public_key(),
        of(vector, "input_msg"),
        random_bytes=replay(of(vector, "salt"), r.to_bytes(512)),
    )
    assert (blinded, inverse) == (of(vector, "blinded_msg"), int(vector["inv"], 16))


@VECTORS
def test_signing_the_rfc_blinded_message_gives_the_rfc_blind_signature(
    vector: dict[str, str], rfc_key: rsa.RSAPrivateKey
) -> None:
    """BlindSign gives blind_sig."""
    assert BlindSigner(rfc_key).blind_sign(of(vector, "blinded_msg")) == of(vector, "blind_sig")


@VECTORS
def test_finalizing_the_rfc_blind_signature_gives_the_rfc_signature(
    vector: dict[str, str], rfc_key: rsa.RSAPrivateKey
) -> None:
    """Finalize gives sig."""
    signature = finalize(
        rfc_key.public_key(),
        of(vector, "input_msg"),
        of(vector, "blind_sig"),
        int(vector["inv"], 16),
    )
    assert signature == of(vector, "sig")


@pytest.mark.parametrize("bits", [1024, 1025, 1026, 2048])
def test_the_encoding_is_the_one_that_openssl_signs(bits: int) -> None:
    """Re-encoding with the salt of OpenSSL's signature gives what it signed, whatever the size.

    With 1025 bits the encoding is a byte shorter than the modulus and has no bit to clear.
    """
    key = rsa.generate_private_key(65537, bits)
    numbers = key.public_key().public_numbers()
    signed = pow(int.from_bytes(key.sign(MESSAGE, PSS, hashes.SHA384())), numbers.e, numbers.n)
    assert numbers.n.bit_length() == bits
    encoded = signed.to_bytes((bits - 1 + 7) // 8)
    assert emsa_pss_encode(MESSAGE, bits - 1, _salt_in(encoded)) == encoded


def test_a_blindly_signed_message_verifies_as_an_ordinary_pss_signature(
    issuer: rsa.RSAPrivateKey,
) -> None:
    """Blind, sign, finalize: OpenSSL accepts the result."""
    blinded, inverse = blind(issuer.public_key(), MESSAGE)
    blind_signature = BlindSigner(issuer).blind_sign(blinded)
    signature = finalize(issuer.public_key(), MESSAGE, blind_signature, inverse)
    issuer.public_key().verify(signature, MESSAGE, PSS, hashes.SHA384())


def test_the_blind_signature_is_not_the_signature(issuer: rsa.RSAPrivateKey) -> None:
    """What the issuer saw and sent is no signature over the message."""
    blinded, _ = blind(issuer.public_key(), MESSAGE)
    blind_signature = BlindSigner(issuer).blind_sign(blinded)
    with pytest.raises(InvalidSignature):
        issuer.public_key().verify(blind_signature, MESSAGE, PSS, hashes.SHA384())


def test_blinding_the_same_encoding_again_gives_another_blinded_message(
    issuer: rsa.RSAPrivateKey,
) -> None:
    """Even with the salt held fixed, the blinding factor alone makes every request different."""
    salt = bytes(48)
    blinded = {blind(issuer.public_key(), MESSAGE, random_bytes=replay(salt))[0] for _ in range(8)}
    assert len(blinded) == 8


def test_the_signers_own_blinding_does_not_change_the_signature(issuer: rsa.RSAPrivateKey) -> None:
    """Base blinding is invisible outside: the same request has one answer."""
    blinded, _ = blind(issuer.public_key(), MESSAGE)
    signer = BlindSigner(issuer)
    assert signer.blind_sign(blinded) == signer.blind_sign(blinded)


def test_every_private_operation_is_blinded_afresh(issuer: rsa.RSAPrivateKey) -> None:
    """The signer draws a blinding factor and a mask, both as long as the modulus."""
    drawn: list[int] = []

    def recorded(size: int) -> bytes:
        drawn.append(size)
        return b"\x01" * size

    BlindSigner(issuer).blind_sign(bytes(255) + b"\x02", random_bytes=recorded)
    assert drawn == [256, 256]


def test_random_bytes_out_of_range_are_drawn_again(issuer: rsa.RSAPrivateKey) -> None:
    """A draw of zero or above the modulus is rejected, not reduced."""
    draws = replay(bytes(48), bytes(256), b"\xff" * 256)
    blinded, inverse = blind(issuer.public_key(), MESSAGE, random_bytes=draws)
    finalize(issuer.public_key(), MESSAGE, BlindSigner(issuer).blind_sign(blinded), inverse)


@pytest.mark.parametrize("size", [0, 255, 257])
def test_a_blinded_message_of_another_length_is_refused(
    issuer: rsa.RSAPrivateKey, size: int
) -> None:
    """The issuer signs only what is as long as its modulus."""
    with pytest.raises(BlindedMessageInvalid, match=f"{size} bytes"):
        BlindSigner(issuer).blind_sign(bytes(size))


def test_a_blinded_message_equal_to_the_modulus_is_refused(issuer: rsa.RSAPrivateKey) -> None:
    """The representative must be below the modulus (RFC 8017, 5.2.1)."""
    n = issuer.public_key().public_numbers().n
    with pytest.raises(BlindedMessageInvalid):
        BlindSigner(issuer).blind_sign(n.to_bytes(256))


def test_the_largest_blinded_message_is_signed(issuer: rsa.RSAPrivateKey) -> None:
    """The modulus less one is in range, and is its own signature since the exponents are odd."""
    largest = (issuer.public_key().public_numbers().n - 1).to_bytes(256)
    assert BlindSigner(issuer).blind_sign(largest) == largest


def test_a_fault_in_the_private_operation_is_withheld(issuer: rsa.RSAPrivateKey) -> None:
    """A signer with one wrong CRT exponent raises; its answer would reveal a prime factor."""
    good = issuer.private_numbers()
    faulty = rsa.RSAPrivateNumbers(
        p=good.p,
        q=good.q,
        d=good.d,
        dmp1=good.dmp1,
        dmq1=good.dmq1 ^ 2,
        iqmp=good.iqmp,
        public_numbers=good.public_numbers,
    ).private_key(unsafe_skip_rsa_key_validation=True)
    blinded, _ = blind(issuer.public_key(), MESSAGE)
    with pytest.raises(SigningFailed):
        BlindSigner(faulty).blind_sign(blinded)


def test_a_tampered_blind_signature_is_refused(issuer: rsa.RSAPrivateKey) -> None:
    """Finalize checks what the issuer answered."""
    blinded, inverse = blind(issuer.public_key(), MESSAGE)
    blind_signature = bytearray(BlindSigner(issuer).blind_sign(blinded))
    blind_signature[100] ^= 1
    with pytest.raises(SignatureInvalid):
        finalize(issuer.public_key(), MESSAGE, bytes(blind_signature), inverse)


def test_a_blind_signature_of_another_length_is_refused(issuer: rsa.RSAPrivateKey) -> None:
    """An answer with a leading zero byte is not the same number accepted twice."""
    blinded, inverse = blind(issuer.public_key(), MESSAGE)
    blind_signature = BlindSigner(issuer).blind_sign(blinded)
    with pytest.raises(SignatureInvalid, match="257 bytes"):
        finalize(issuer.public_key(), MESSAGE, b"\0" + blind_signature, inverse)


def test_finalizing_with_the_inverse_of_another_blinding_is_refused(
    issuer: rsa.RSAPrivateKey,
) -> None:
    """The inverse belongs to one blinding."""
    blinded, _ = blind(issuer.public_key(), MESSAGE)
    _, other_inverse = blind(issuer.public_key(), MESSAGE)
    blind_signature = BlindSigner(issuer).blind_sign(blinded)
    with pytest.raises(SignatureInvalid):
        finalize(issuer.public_key(), MESSAGE, blind_signature, other_inverse)


def test_a_signature_with_another_salt_length_does_not_verify(issuer: rsa.RSAPrivateKey) -> None:
    """The variant fixes the salt at 48 bytes."""
    short = padding.PSS(mgf=padding.MGF1(hashes.SHA384()), salt_length=32)
    signature = issuer.sign(MESSAGE, short, hashes.SHA384())
    with pytest.raises(SignatureInvalid):
        verify(issuer.public_key(), MESSAGE, signature)


def test_a_message_that_shares_a_factor_with_the_modulus_is_refused() -> None:
    """With an even modulus every encoding does, since its last byte is BC."""
    even = rsa.RSAPublicNumbers(65537, (1 << 2047) | 2).public_key()
    odd = b"\x01" * 256
    with pytest.raises(UnusableKey, match="shares a factor"):
        blind(even, MESSAGE, random_bytes=replay(bytes(48), odd, odd))


def test_a_blinding_factor_without_inverse_is_refused() -> None:
    """With a modulus of 3 times the RFC's p, a blinding factor of 3 cannot be undone."""
    n = 3 * int(RFC9474["key"]["p"], 16)
    key = rsa.RSAPublicNumbers(65537, n).public_key()
    salts = (number.to_bytes(48) for number in range(100))
    salt = next(salt for salt in salts if _encoded(MESSAGE, n, salt) % 3)
    with pytest.raises(UnusableKey, match="shares a factor"):
        blind(key, MESSAGE, random_bytes=replay(salt, (3).to_bytes(257)))


def test_a_key_too_short_for_the_padding_is_refused() -> None:
    """777 bits leave 97 bytes for a hash of 48, a salt of 48 and two bytes of framing."""
    with pytest.raises(UnusableKey, match="777 bits"):
        emsa_pss_encode(MESSAGE, 776, bytes(48))


def _encoded(message: bytes, n: int, salt: bytes) -> int:
    return int.from_bytes(emsa_pss_encode(message, n.bit_length() - 1, salt))


def _salt_in(encoded: bytes) -> bytes:
    """The salt of an encoding (RFC 8017, 9.1.2, steps 5 to 11), by MGF1 as `hashes` computes it."""
    masked, digest = encoded[:-49], encoded[-49:-1]
    mask = b""
    for counter in range(len(masked) // 48 + 1):
        block = hashes.Hash(hashes.SHA384())
        block.update(digest + counter.to_bytes(4))
        mask += block.finalize()
    data_block = bytes(a ^ b for a, b in zip(masked, mask, strict=False))
    return data_block[-48:]
