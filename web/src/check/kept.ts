/** Receipts that the voting page keeps on this device. */

import { keys, load, NoStorage } from "../lib/store";
import type { Receipt } from "../lib/views";

export interface Kept {
  readonly receipt: Receipt;
  /** As it would be pasted. */
  readonly text: string;
}

/** The receipts of all votes; none where the device keeps nothing. */
export async function keptReceipts(): Promise<Kept[]> {
  try {
    const editions = await keys("voters");
    const voters = await Promise.all(
      editions.map((edition) => load<{ receipt?: Receipt | null }>("voters", edition)),
    );
    return voters.flatMap((voter) =>
      voter?.receipt ? [{ receipt: voter.receipt, text: JSON.stringify(voter.receipt) }] : [],
    );
  } catch (error) {
    if (error instanceof NoStorage) return [];
    throw error;
  }
}
