/**
 * What this device remembers of each log: the key pinned for it on first use, and the newest
 * checkpoint verified, as the signed note. If the log ever shows another history, the note is one
 * half of what proves that to anyone.
 */

import { equal, fromBase64, utf8, type Base64 } from "./bytes";
import { openCheckpoint, type Checkpoint } from "./log/checkpoint";
import { LogFormatError } from "./log/errors";
import { makeVerifier, parseVkey, type Verifier } from "./log/note";
import { keys, load, save } from "./store";

export interface KnownLog {
  readonly vkey: string;
  /** The newest verified checkpoint; undefined while only the key is known. */
  readonly checkpoint: string | undefined;
  /** When it was pinned, in milliseconds since 1970, by this device's clock. */
  readonly since: number;
}

/** The server's log is not the one that is known. */
export class WrongLog extends Error {
  override name = "WrongLog";
}

/** What is remembered of a log; throws `NoStorage`. */
export function recallLog(origin: string): Promise<KnownLog | undefined> {
  return load<KnownLog>("logs", origin);
}

/**
 * Pins a key on first use, or keeps a newer checkpoint under the key pinned before.
 *
 * The checkpoint must be consistent with the one remembered: that is for the caller to verify.
 * Throws `WrongLog` if another key is pinned, `BadNote` if the key did not sign the checkpoint.
 */
export async function rememberLog(verifier: Verifier, checkpoint: string): Promise<KnownLog> {
  const next = await openCheckpoint(utf8(checkpoint), verifier);
  const known = await recallLog(verifier.name);
  if (known && known.vkey !== verifier.vkey) {
    throw new WrongLog(`the key pinned for this log is ${known.vkey}, and this is ${verifier.vkey}`);
  }
  const past = await rememberedCheckpoint(known, verifier);
  if (known && past && past.size > next.size) return known;
  const remembered = { vkey: verifier.vkey, checkpoint, since: known?.since ?? Date.now() };
  await save("logs", verifier.name, remembered);
  return remembered;
}

/** Pins a key if none is pinned for its log; throws `BadKey`, `NoStorage`. */
export async function pinKey(vkey: string): Promise<void> {
  const { name } = await parseVkey(vkey);
  if (await recallLog(name)) return;
  await save("logs", name, { vkey, checkpoint: undefined, since: Date.now() } satisfies KnownLog);
}

/** Whether any log's key is pinned; throws `NoStorage`. */
export async function knowsAnyLog(): Promise<boolean> {
  return (await keys("logs")).length > 0;
}

/** The key of an edition's log, and the newest checkpoint that the server showed. */
export interface ServedLog {
  readonly verifier: Verifier;
  readonly checkpoint: Checkpoint;
}

interface Served {
  readonly manifest: { readonly log: { readonly origin: string; readonly key: Base64 } };
  readonly vkey: string;
  readonly checkpoint: string;
}

/**
 * The log of an edition as served, compared with what is remembered of it, and pinned on first use.
 *
 * Throws `WrongLog`, also where the log is as long as the one remembered and not the same. Whether
 * it continues that is not proved here. A view may be older than what another tab has remembered
 * since: that it is shorter contradicts nothing.
 */
export async function identifyLog(view: Served): Promise<ServedLog> {
  const { origin, key } = view.manifest.log;
  const verifier = await makeVerifier(origin, fromBase64(key));
  if (view.vkey !== verifier.vkey) {
    throw new WrongLog(`the server names the log key ${view.vkey} and the manifest another`);
  }
  const known = await recallLog(origin);
  if (known && known.vkey !== verifier.vkey) {
    throw new WrongLog(`the key pinned for this log is ${known.vkey}, the server's ${verifier.vkey}`);
  }
  const checkpoint = await opened(view.checkpoint, verifier);
  const past = await rememberedCheckpoint(known, verifier);
  if (!past) {
    await rememberLog(verifier, view.checkpoint);
    return { verifier, checkpoint };
  }
  if (checkpoint.size === past.size && !equal(checkpoint.root, past.root)) {
    throw new WrongLog(`the log's ${past.size} entries are not those that it had before`);
  }
  return { verifier, checkpoint };
}

async function rememberedCheckpoint(
  known: KnownLog | undefined,
  verifier: Verifier,
): Promise<Checkpoint | undefined> {
  return known?.checkpoint === undefined
    ? undefined
    : openCheckpoint(utf8(known.checkpoint), verifier);
}

async function opened(note: string, verifier: Verifier): Promise<Checkpoint> {
  try {
    return await openCheckpoint(utf8(note), verifier);
  } catch (error) {
    if (!(error instanceof LogFormatError)) throw error;
    throw new WrongLog(`the server's checkpoint: ${error.message}`);
  }
}

/** The pinned key of a log, if there is one. */
export async function pinnedVerifier(origin: string): Promise<Verifier | undefined> {
  const known = await recallLog(origin);
  return known && parseVkey(known.vkey);
}
