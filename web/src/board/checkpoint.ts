/** The short form of a checkpoint: what people compare on two screens. */

import { parseBase64 } from "../lib/log/encoding";
import { toHex } from "../lib/bytes";

/** Root hash in hex and size of a signed note, unverified: the tally has done that. */
export function statedHead(note: string): { root: string; size: number } | undefined {
  const [, size, root] = note.split("\n");
  if (!size || !root) return undefined;
  try {
    return { root: toHex(parseBase64(root)), size: Number(size) };
  } catch {
    return undefined;
  }
}

/** The first twelve digits, in groups that can be read out. */
export function shortRoot(root: string): string {
  return root.slice(0, 12).replace(/(....)(?=.)/g, "$1 ");
}
