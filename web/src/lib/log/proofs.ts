/**
 * Inclusion and consistency proofs of RFC 6962, sections 2.1.1 and 2.1.2: made from stored nodes,
 * and verified.
 *
 * A node (level, index) is the root of the perfect subtree over leaves [index * 2^level,
 * (index + 1) * 2^level). Numbers are below 2^53, so they are divided rather than shifted. Nodes
 * that a reader gets wrong make a proof that does not verify.
 */

import { equal, toHex } from "../bytes";
import { BadProof } from "./errors";
import { emptyRoot, HASH_SIZE, nodeHash, type Hash } from "./merkle";

/** Gives the hash of the complete subtree (level, index). */
export type NodeReader = (level: number, index: number) => Promise<Hash>;

/** The root to which the path of this leaf leads, sibling of the leaf first; throws `BadProof`. */
export async function rootOfPath(
  leaf: Hash,
  index: number,
  size: number,
  path: readonly Hash[],
): Promise<Hash> {
  if (!(0 <= index && index < size)) {
    throw new BadProof(`there is no leaf ${index} in a tree of ${size} leaves`);
  }
  // Above the level where the ways of this leaf and of the last one meet, we are on the right edge
  // of the tree: siblings stand only to the left, one for each set bit of the index.
  const inner = levelsApart(index, size - 1);
  const edge = setBits(shifted(index, inner));
  checkHashes("inclusion path", path, inner + edge);
  let node = leaf;
  for (const [level, sibling] of path.entries()) {
    const left = level >= inner || shifted(index, level) % 2 === 1;
    node = left ? await nodeHash(sibling, node) : await nodeHash(node, sibling);
  }
  return node;
}

/** Throws `BadProof` unless the leaf hash is at `index` in the tree with this size and root. */
export async function verifyInclusion(
  leaf: Hash,
  index: number,
  size: number,
  path: readonly Hash[],
  root: Hash,
): Promise<void> {
  const computed = await rootOfPath(leaf, index, size, path);
  if (!equal(computed, root)) {
    throw new BadProof(
      `the path of leaf ${index} leads to root ${toHex(computed)}, but the tree of ${size} leaves ` +
        `has root ${toHex(root)}`,
    );
  }
}

/** Throws `BadProof` unless the new tree starts with all leaves of the old one. */
export async function verifyConsistency(
  oldSize: number,
  oldRoot: Hash,
  newSize: number,
  newRoot: Hash,
  proof: readonly Hash[],
): Promise<void> {
  if (!(0 <= oldSize && oldSize <= newSize)) {
    throw new BadProof(`a tree of ${newSize} leaves cannot continue one of ${oldSize}`);
  }
  if (oldSize === 0 || oldSize === newSize) {
    checkHashes("consistency proof", proof, 0);
    if (oldSize === 0) checkRoot("old", 0, await emptyRoot(), oldRoot);
    if (oldSize === newSize) checkRoot("new", newSize, oldRoot, newRoot);
    return;
  }
  // The climb starts at the last perfect subtree of the old tree: one node in both trees.
  const last = oldSize - 1;
  const start = trailingZeros(oldSize);
  const inner = levelsApart(last, newSize - 1) - start;
  const edge = setBits(shifted(last, start + inner));
  const whole = oldSize === 2 ** start;
  checkHashes("consistency proof", proof, inner + edge + (whole ? 0 : 1));
  const [first, ...rest] = proof;
  let older = whole ? oldRoot : (first as Hash);
  let newer = older;
  for (const [step, sibling] of (whole ? proof : rest).entries()) {
    if (step >= inner || shifted(last, start + step) % 2 === 1) {
      older = await nodeHash(sibling, older);
      newer = await nodeHash(sibling, newer);
    } else {
      newer = await nodeHash(newer, sibling);
    }
  }
  checkRoot("old", oldSize, older, oldRoot);
  checkRoot("new", newSize, newer, newRoot);
}

/** The path of leaf `index` in the tree of `size` leaves, leaf sibling first. */
export function inclusionProof(index: number, size: number, read: NodeReader): Promise<Hash[]> {
  return siblings(0, index, size, read);
}

/** The proof that the tree of `newSize` leaves continues that of `oldSize`. */
export async function consistencyProof(
  oldSize: number,
  newSize: number,
  read: NodeReader,
): Promise<Hash[]> {
  if (oldSize === 0 || oldSize === newSize) return [];
  const level = trailingZeros(oldSize);
  const index = shifted(oldSize, level) - 1;
  // If that node is the whole old tree, the verifier has its hash already: the old root.
  const start = index ? [await read(level, index)] : [];
  return [...start, ...(await siblings(level, index, newSize, read))];
}

/** Root of the tree of the first `size` leaves. */
export function rootAt(size: number, read: NodeReader): Promise<Hash> {
  return size ? edgeRoot(levelsApart(0, size), size, read) : emptyRoot();
}

async function siblings(
  level: number,
  index: number,
  size: number,
  read: NodeReader,
): Promise<Hash[]> {
  const found: Hash[] = [];
  for (let at = level, node = index; shifted(size - 1, at); at += 1, node = shifted(node, 1)) {
    const sibling = node % 2 ? node - 1 : node + 1;
    if (sibling < shifted(size, at)) found.push(await read(at, sibling));
    else if (sibling * 2 ** at < size) found.push(await edgeRoot(at, size, read));
  }
  return found;
}

/** Root over the last `size % 2^level` leaves, at least one: the tree's incomplete edge. */
async function edgeRoot(level: number, size: number, read: NodeReader): Promise<Hash> {
  let root: Hash | undefined;
  for (let low = 0; low < level; low += 1) {
    const trees = shifted(size, low);
    if (trees % 2 === 0) continue;
    const node = await read(low, trees - 1);
    root = root ? await nodeHash(node, root) : node;
  }
  return root as Hash;
}

function shifted(number: number, bits: number): number {
  return Math.floor(number / 2 ** bits);
}

/** Levels up to where the ways of two leaves meet: the length of `one XOR other` in bits. */
function levelsApart(one: number, other: number): number {
  let level = 0;
  while (shifted(one, level) !== shifted(other, level)) level += 1;
  return level;
}

function setBits(number: number): number {
  let count = 0;
  for (let rest = number; rest; rest = shifted(rest, 1)) count += rest % 2;
  return count;
}

function trailingZeros(number: number): number {
  let zeros = 0;
  while (shifted(number, zeros) % 2 === 0) zeros += 1;
  return zeros;
}

function checkHashes(what: string, hashes: readonly Hash[], count: number): void {
  if (hashes.length !== count) {
    throw new BadProof(`the ${what} has ${hashes.length} hashes where these sizes need ${count}`);
  }
  if (hashes.some((hash) => hash.length !== HASH_SIZE)) {
    throw new BadProof(`the ${what} has a hash that is not ${HASH_SIZE} bytes long`);
  }
}

function checkRoot(which: string, size: number, computed: Hash, stated: Hash): void {
  if (!equal(computed, stated)) {
    throw new BadProof(
      `the consistency proof leads to ${which} root ${toHex(computed)}, but the ${which} tree of ` +
        `${size} leaves has root ${toHex(stated)}`,
    );
  }
}
