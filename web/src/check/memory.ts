/** What this device knows of a log, if it keeps anything: a check also works where it does not. */

import { knowsAnyLog, pinKey, recallLog, rememberLog, type KnownLog } from "../lib/knownlogs";
import type { Verifier } from "../lib/log/note";
import { NoStorage } from "../lib/store";

/** What is remembered of a log; undefined as well where the device keeps nothing. */
export async function recall(origin: string): Promise<KnownLog | undefined> {
  return unlessNoStorage(recallLog(origin));
}

/** Pins the key on first use, and keeps the checkpoint, verified against the one before. */
export async function remember(verifier: Verifier, checkpoint: string): Promise<void> {
  await unlessNoStorage(rememberLog(verifier, checkpoint));
}

/** Whether any log's key is pinned here: then receipts of that log need no network. */
export async function knowsALog(): Promise<boolean> {
  return (await unlessNoStorage(knowsAnyLog())) ?? false;
}

/** Pins keys on first use; false where the device keeps nothing. Throws `BadKey`. */
export async function pinAll(vkeys: readonly string[]): Promise<boolean> {
  try {
    for (const vkey of vkeys) await pinKey(vkey);
    return true;
  } catch (error) {
    if (error instanceof NoStorage) return false;
    throw error;
  }
}

async function unlessNoStorage<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof NoStorage) return undefined;
    throw error;
  }
}
