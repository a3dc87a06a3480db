"""Hashing of a Merkle tree as RFC 6962, section 2.1 defines it, with SHA-256.

A leaf and a node are hashed with different first bytes, so that neither can be passed off as the
other. How a tree is laid out and proved stands in `frontier` and `proofs`.
"""

from typing import Final, TypeAlias

# Where Python's own SHA-256 is built on HACL, `hashlib.sha256` may hand that one out, and it is
# about three times as slow on inputs this short as OpenSSL's, which a minimal build can lack.
try:
    from _hashlib import openssl_sha256 as sha256
except ImportError:
    from hashlib import sha256

Hash: TypeAlias = bytes
"""A SHA-256 digest: 32 bytes."""

HASH_SIZE: Final = 32
"""Length of a `Hash` in bytes."""

EMPTY_ROOT: Final[Hash] = sha256(b"").digest()
"""Root of the tree without leaves."""


def leaf_hash(entry: bytes) -> Hash:
    """Hash of a log entry, taken over its bytes as stored."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: Hash, right: Hash) -> Hash:
    """Hash of the tree whose two subtrees have these hashes."""
    return sha256(b"\x01" + left + right).digest()
