/** The search for a puzzle's solution, away from the thread that draws the page. */

import { concat, fromHex, toHex, u32 } from "../lib/bytes";
import type { PuzzleParameters, PuzzleSolution } from "./puzzle";

self.onmessage = async (message: MessageEvent<PuzzleParameters>) => {
  self.postMessage(await search(message.data));
};

async function search(parameters: PuzzleParameters): Promise<PuzzleSolution> {
  const nonce = fromHex(parameters.nonce);
  const pbkdf2 = {
    name: "PBKDF2",
    hash: parameters.algorithm.replace("PBKDF2/", ""),
    salt: fromHex(parameters.salt),
    iterations: parameters.cost,
  };
  for (let counter = 0; ; counter += 1) {
    const password = concat(nonce, u32(counter));
    const key = await crypto.subtle.importKey("raw", password, "PBKDF2", false, ["deriveBits"]);
    const bits = await crypto.subtle.deriveBits(pbkdf2, key, 8 * parameters.keyLength);
    const derivedKey = toHex(new Uint8Array(bits));
    if (derivedKey.startsWith(parameters.keyPrefix)) return { counter, derivedKey };
  }
}
