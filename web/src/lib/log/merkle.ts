/**
 * Hashing of a Merkle tree as RFC 6962, section 2.1 defines it, with SHA-256.
 *
 * A leaf and a node are hashed with different first bytes, so that neither passes for the other.
 */

import { sha256, type Bytes } from "../bytes";

/** A SHA-256 digest: 32 bytes. */
export type Hash = Bytes;

export const HASH_SIZE = 32;

const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);

/** Hash of a log entry, taken over its bytes as stored. */
export function leafHash(entry: Uint8Array): Promise<Hash> {
  return sha256(LEAF, entry);
}

/** Hash of the tree whose two subtrees have these hashes. */
export function nodeHash(left: Hash, right: Hash): Promise<Hash> {
  return sha256(NODE, left, right);
}

/** Root of the tree without leaves. */
export function emptyRoot(): Promise<Hash> {
  return sha256();
}
