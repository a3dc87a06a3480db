/**
 * A receipt made small: as digits for a link and its QR code, and as a short code for people.
 *
 * The digits hold all that the proof needs but the entry itself, of which they hold the hash. Bytes:
 *
 *     01 | n origin | index | size | leaf (32) | n path (n * 32) | signature (64)
 *
 * Numbers, and lengths `n`, are LEB128. The bytes, read as one big-endian number, are written in
 * decimal, because a QR code packs digits most densely. Root, checkpoint and note follow from them,
 * and so does the edition: it is the last part of its log's origin, which the log's key signs.
 *
 * The short code, such as `1204-7K3M-9QPD-2XTA`, is the index and 60 bits of the leaf hash in
 * Crockford's base32. It proves nothing by itself: it says what to look for in the log.
 */

import { concat, equal, fromUtf8, utf8, type Bytes } from "./bytes";
import { checkpointText, openCheckpoint, type Checkpoint } from "./log/checkpoint";
import type { Hash } from "./log/merkle";
import { formatNote, signatureIn, type Verifier } from "./log/note";
import { rootOfPath } from "./log/proofs";
import { decodeProof } from "./log/tlogproof";
import { asBadReceipt, BadReceipt, verifyReceipt } from "./receipt";
import type { Receipt } from "./views";

const VERSION = 1;
const HASH = 32;
const SIGNATURE = 64;
const MAX_PATH = 63;
const MAX_DIGITS = 7_089; // what the largest QR code holds
const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const SHORT_BITS = 60n;

/** A receipt without its entry: not verified until `verifyCompact` says so. */
export interface CompactReceipt {
  /** As the origin has it. */
  readonly edition: string;
  readonly origin: string;
  readonly index: number;
  readonly size: number;
  readonly leaf: Hash;
  readonly path: readonly Hash[];
  readonly signature: Bytes;
}

/** What a compact receipt proves: a leaf with this hash is at `index` of the log at `checkpoint`. */
export interface ProvenLeaf {
  readonly index: number;
  readonly leaf: Hash;
  readonly checkpoint: Checkpoint;
  /** The checkpoint as a signed note. */
  readonly note: Bytes;
}

/** The receipt made small; throws `BadReceipt` unless it is a good one under this key. */
export async function compactReceipt(receipt: Receipt, verifier: Verifier): Promise<CompactReceipt> {
  const { leaf, checkpoint } = await verifyReceipt(receipt, verifier);
  const proof = decodeProof(receipt.proof);
  return {
    edition: editionOf(checkpoint.origin),
    origin: checkpoint.origin,
    index: proof.index,
    size: checkpoint.size,
    leaf,
    path: proof.path,
    signature: signatureIn(proof.checkpoint, verifier),
  };
}

/** What a compact receipt proves if `verifier` is the log's key; throws `BadReceipt`. */
export async function verifyCompact(
  compact: CompactReceipt,
  verifier: Verifier,
): Promise<ProvenLeaf> {
  const { origin, index, size, leaf } = compact;
  try {
    const root = await rootOfPath(leaf, index, size, compact.path);
    const note = formatNote(checkpointText({ origin, size, root }), verifier, compact.signature);
    return { index, leaf, checkpoint: await openCheckpoint(note, verifier), note };
  } catch (error) {
    throw asBadReceipt(error);
  }
}

/** The address that opens the receipt check with this receipt; `site` has no slash at its end. */
export function receiptLink(site: string, compact: CompactReceipt): string {
  return `${site}/check#r=${receiptDigits(compact)}`;
}

/** The receipt in decimal digits. */
export function receiptDigits(compact: CompactReceipt): string {
  const origin = utf8(compact.origin);
  const bytes = concat(
    Uint8Array.of(VERSION),
    ...[number(origin.length), origin, number(compact.index), number(compact.size), compact.leaf],
    ...[number(compact.path.length), ...compact.path, compact.signature],
  );
  return bytes.reduce((value, byte) => value * 256n + BigInt(byte), 0n).toString();
}

/** The receipt that these digits stand for, not verified; throws `BadReceipt`. */
export function parseReceiptDigits(digits: string): CompactReceipt {
  if (!/^[1-9][0-9]*$/.test(digits) || digits.length > MAX_DIGITS) {
    throw new BadReceipt("incomplete", "the code is not a receipt's");
  }
  const bytes: number[] = [];
  for (let value = BigInt(digits); value; value >>= 8n) bytes.push(Number(value & 255n));
  const reader = new Reader(Uint8Array.from(bytes.reverse()));
  if (reader.take(1)[0] !== VERSION) throw new BadReceipt("unreadable", "the code is of an unknown version");
  const origin = reader.text();
  const receipt = {
    edition: editionOf(origin),
    origin,
    index: reader.number(),
    size: reader.number(),
    leaf: reader.take(HASH),
    path: Array.from({ length: reader.number(MAX_PATH) }, () => reader.take(HASH)),
    signature: reader.take(SIGNATURE),
  };
  reader.end();
  return receipt;
}

/** The short code of the entry with this leaf hash. */
export function shortCode(index: number, leaf: Hash): string {
  let bits = leaf.slice(0, 8).reduce((value, byte) => value * 256n + BigInt(byte), 0n) >> 4n;
  let text = "";
  for (; text.length < Number(SHORT_BITS) / 5; bits >>= 5n) {
    text = (ALPHABET[Number(bits & 31n)] as string) + text;
  }
  return `${index}-${(text.match(/.{4}/g) ?? []).join("-")}`;
}

/** Which entry a short code means. */
export interface ShortCode {
  readonly index: number;
  readonly code: string;
}

/** The short code in what somebody typed, forgiving of spaces, case and look-alikes. */
export function parseShortCode(text: string): ShortCode | undefined {
  const plain = text.normalize("NFKC").toUpperCase().replace(/[\s\u2010-\u2015-]+/g, "-");
  const match = /^-?(0|[1-9][0-9]{0,14})-([0-9A-Z]{4})-([0-9A-Z]{4})-([0-9A-Z]{4})-?$/.exec(plain);
  if (!match) return undefined;
  const letters = match.slice(2).join("-").replace(/O/g, "0").replace(/[IL]/g, "1");
  return { index: Number(match[1]), code: `${match[1]}-${letters}` };
}

/** Whether the entry with this leaf hash is the one that the short code means. */
export function fitsShortCode(short: ShortCode, leaf: Hash): boolean {
  return equal(utf8(shortCode(short.index, leaf)), utf8(short.code));
}

function editionOf(origin: string): string {
  return origin.slice(origin.lastIndexOf("/") + 1);
}

class Reader {
  private at = 0;

  constructor(private readonly bytes: Bytes) {}

  take(count: number): Bytes {
    if (this.at + count > this.bytes.length) throw new BadReceipt("incomplete", "part of the code is missing");
    return this.bytes.slice(this.at, (this.at += count));
  }

  number(most = Number.MAX_SAFE_INTEGER): number {
    let value = 0;
    for (let factor = 1, byte = 128; byte >= 128; factor *= 128) {
      byte = this.take(1)[0] as number;
      value += (byte % 128) * factor;
      if (value > most) throw new BadReceipt("incomplete", "a number in the code is too large");
    }
    return value;
  }

  text(): string {
    try {
      return fromUtf8(this.take(this.number()));
    } catch (error) {
      if (error instanceof BadReceipt) throw error;
      throw new BadReceipt("incomplete", "a text in the code is not UTF-8");
    }
  }

  end(): void {
    if (this.at < this.bytes.length) throw new BadReceipt("incomplete", "the code is longer than a receipt");
  }
}

function number(value: number): Bytes {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  return Uint8Array.of(...bytes, rest);
}
