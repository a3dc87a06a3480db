/** C2SP tlog-proof: an entry's index, its inclusion path, and the signed checkpoint it leads to. */

import { fromUtf8, utf8, toBase64, type Bytes } from "../bytes";
import { openCheckpoint, type Checkpoint } from "./checkpoint";
import { parseBase64, parseDecimal } from "./encoding";
import { BadProof, LogFormatError } from "./errors";
import { HASH_SIZE, type Hash } from "./merkle";
import { MAX_NOTE_BYTES, type Verifier } from "./note";
import { verifyInclusion } from "./proofs";

const HEADER = "c2sp.org/tlog-proof@v1";
const MAX_PATH = 63;

export interface TlogProof {
  readonly index: number;
  /** From the leaf's sibling up. */
  readonly path: readonly Hash[];
  /** The signed note. */
  readonly checkpoint: Bytes;
}

/** Reads a proof without verifying what it claims; throws `BadProof`. */
export function decodeProof(text: string): TlogProof {
  if (text.length > 2 * MAX_NOTE_BYTES) throw new BadProof("the proof is too long");
  const blank = text.indexOf("\n\n");
  if (blank < 0) throw new BadProof("a proof has a blank line and a checkpoint after its path");
  const [header, ...lines] = text.slice(0, blank).split("\n");
  if (lines[0]?.startsWith("extra ")) lines.shift(); // nothing signs it
  const [index, ...path] = lines;
  if (header !== HEADER || !index?.startsWith("index ") || path.length > MAX_PATH) {
    throw new BadProof(`it does not start with ${HEADER}, index, hashes`);
  }
  try {
    return {
      index: parseDecimal(index.slice("index ".length)),
      path: path.map(parseHash),
      checkpoint: utf8(text.slice(blank + 2)),
    };
  } catch (error) {
    if (!(error instanceof LogFormatError)) throw error;
    throw new BadProof(`malformed tlog-proof: ${error.message}`);
  }
}

/** The proof as text. */
export function encodeProof(proof: TlogProof): string {
  const path = proof.path.map((hash) => `${toBase64(hash)}\n`).join("");
  return `${HEADER}\nindex ${proof.index}\n${path}\n${fromUtf8(proof.checkpoint)}`;
}

/** The checkpoint that shows that the log has a leaf with this hash; throws `LogFormatError`. */
export async function verifyProof(
  proof: TlogProof,
  leaf: Hash,
  verifier: Verifier,
): Promise<Checkpoint> {
  const checkpoint = await openCheckpoint(proof.checkpoint, verifier);
  await verifyInclusion(leaf, proof.index, checkpoint.size, proof.path, checkpoint.root);
  return checkpoint;
}

function parseHash(line: string): Hash {
  const hash = parseBase64(line);
  if (hash.length !== HASH_SIZE) throw new LogFormatError("a hash of the path is not 32 bytes");
  return hash;
}
