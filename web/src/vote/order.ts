/** The shortlist as a voter sees it: in an order of their own or as published, searched, filtered. */

import type { Initiative } from "../lib/views";

export interface Wanted {
  /** Words, all of which must occur, in either language. */
  readonly words: string;
  /** A department as `departments` gives it; empty for all. */
  readonly department: string;
}

/**
 * The initiatives in an order that depends on the seed alone (Fisher and Yates), so that a voter
 * sees the same one each time and no position gives an advantage.
 */
export function shuffled(initiatives: readonly Initiative[], seed: number): Initiative[] {
  const order = [...initiatives];
  const random = sequence(seed);
  for (let last = order.length - 1; last > 0; last -= 1) {
    const other = Math.floor(random() * (last + 1));
    [order[last], order[other]] = [order[other] as Initiative, order[last] as Initiative];
  }
  return order;
}

/** The departments of the shortlist, each once, as published; by their Chinese name. */
export function departments(initiatives: readonly Initiative[]): Initiative["department"][] {
  const byName = new Map(initiatives.map((one) => [one.department.zh, one.department]));
  return [...byName.values()];
}

/** Those that fit what is looked for. */
export function found(initiatives: readonly Initiative[], wanted: Wanted): Initiative[] {
  const words = plain(wanted.words).split(/\s+/).filter(Boolean);
  return initiatives.filter((one) => {
    if (wanted.department && one.department.zh !== wanted.department) return false;
    const texts = [one.title, one.summary, one.department].flatMap((text) => [text.zh, text.en]);
    const all = plain(texts.join("\n"));
    return words.every((word) => all.includes(word));
  });
}

function plain(text: string): string {
  return text.normalize("NFKC").toLowerCase();
}

/** Numbers in [0, 1) from a 32-bit seed (mulberry32): an order of a list needs no secrecy. */
function sequence(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
