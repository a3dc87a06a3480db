"""A transparency log without I/O: RFC 6962 Merkle trees and the C2SP formats around them.

merkle      hashing of leaves and nodes (RFC 6962)
frontier    appending: the right edge of a growing tree, and the proofs for what was just appended
proofs      inclusion and consistency proofs, made and verified
tiles       tiles and bundles: coordinates, paths, contents (C2SP tlog-tiles)
note        signed text and its keys (C2SP signed-note, tlog-cosignature)
checkpoint  signed tree heads (C2SP tlog-checkpoint)
tlog_proof  receipts that verify offline (C2SP tlog-proof)
encoding    the canonical decimals and base64 that those formats share
errors      the base of every error about foreign bytes
"""
