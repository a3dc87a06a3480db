/** Checkpoints (C2SP tlog-checkpoint): the signed heads of a log's Merkle tree. */

import { fromUtf8, shorten, toBase64 } from "../bytes";
import { parseBase64, parseDecimal } from "./encoding";
import { BadNote, LogFormatError } from "./errors";
import { HASH_SIZE, type Hash } from "./merkle";
import { openNote, type Verifier } from "./note";

/** The statement that the tree of `size` leaves of the log `origin` has this root. */
export interface Checkpoint {
  readonly origin: string;
  readonly size: number;
  readonly root: Hash;
}

/** The checkpoint in a note that the log's key signed; throws `BadNote`. */
export async function openCheckpoint(note: Uint8Array, verifier: Verifier): Promise<Checkpoint> {
  const checkpoint = parseCheckpoint(await openNote(note, verifier));
  if (checkpoint.origin !== verifier.name) {
    throw new BadNote(
      `the checkpoint is of ${shorten(checkpoint.origin)}, not of ${shorten(verifier.name)}`,
    );
  }
  return checkpoint;
}

/** The text of a checkpoint; lines after the third are extensions, which are dropped. */
export function parseCheckpoint(text: string): Checkpoint {
  const lines = text.split("\n");
  const end = lines.pop();
  const [origin, size, root] = lines;
  if (end !== "" || !origin || !size || !root || lines.includes("")) {
    throw new BadNote("a checkpoint is three lines or more, none of them empty");
  }
  try {
    const checkpoint = { origin, size: parseDecimal(size), root: parseBase64(root) };
    if (checkpoint.root.length !== HASH_SIZE) throw new LogFormatError("its root is no hash");
    return checkpoint;
  } catch (error) {
    if (!(error instanceof LogFormatError)) throw error;
    throw new BadNote(`checkpoint of ${shorten(origin)}: ${error.message}`);
  }
}

/** The three lines that are signed. */
export function checkpointText(checkpoint: Checkpoint): string {
  return `${checkpoint.origin}\n${checkpoint.size}\n${toBase64(checkpoint.root)}\n`;
}

/** The origin that an unverified note names: which log's key is needed to verify it. */
export function statedOrigin(note: Uint8Array): string {
  try {
    return fromUtf8(note).split("\n", 1)[0] ?? "";
  } catch {
    throw new BadNote("the checkpoint is not UTF-8");
  }
}
