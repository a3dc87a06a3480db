/** A log's key of the tests' own, for checkpoints that no log of the vectors ever signed. */

import { getPublicKeyAsync, signAsync } from "@noble/ed25519";

import { fromUtf8, utf8 } from "../src/lib/bytes";
import { checkpointText } from "../src/lib/log/checkpoint";
import type { Hash } from "../src/lib/log/merkle";
import { formatNote, makeVerifier, type Verifier } from "../src/lib/log/note";

const SECRET = new Uint8Array(32).fill(7);

export interface TestLog {
  readonly verifier: Verifier;
  /** The signed note that says size and root. */
  readonly checkpoint: (size: number, root: Hash) => Promise<string>;
}

export async function testLog(origin: string): Promise<TestLog> {
  const verifier = await makeVerifier(origin, new Uint8Array(await getPublicKeyAsync(SECRET)));
  const checkpoint = async (size: number, root: Hash) => {
    const text = checkpointText({ origin, size, root });
    const signature = new Uint8Array(await signAsync(utf8(text), SECRET));
    return fromUtf8(formatNote(text, verifier, signature));
  };
  return { verifier, checkpoint };
}
