/** The draw, done again here: anyone can. The rule is in `shared/edition/result.py`. */

import { concat, fromBase64, sha256, toHex, u32, utf8 } from "../lib/bytes";
import type { DrawView } from "./views";

export interface Drawn {
  readonly id: string;
  /** SHA-256 in hex; the lowest is first. */
  readonly hash: string;
}

/** The tied in the order of the draw. */
export async function drawAgain(edition: string, draw: DrawView): Promise<Drawn[]> {
  const before = [utf8("huimin/tie/v1"), utf8(edition), fromBase64(draw.root), utf8(draw.seed)];
  const drawn = await Promise.all(
    draw.tied.map(async (id) => {
      const parts = [...before, utf8(id)].map((part) => concat(u32(part.length), part));
      return { id, hash: toHex(await sha256(...parts)) };
    }),
  );
  return drawn.sort((one, other) => (one.hash < other.hash ? -1 : 1));
}
