/**
 * Examines a receipt: first by itself against the log's key, then against the log as it stands now.
 *
 * The key is the one that this device has pinned, or else the one that the server names. Whatever a
 * server says is verified here; only the edition's title is shown as it came.
 */

import { equal, type Bytes } from "../lib/bytes";
import type { Checkpoint } from "../lib/log/checkpoint";
import { BadProof } from "../lib/log/errors";
import { leafHash, type Hash } from "../lib/log/merkle";
import { parseVkey, type Verifier } from "../lib/log/note";
import { decodeProof } from "../lib/log/tlogproof";
import { fitsShortCode, shortCode, verifyCompact, type ShortCode } from "../lib/receiptcode";
import { BadReceipt, decodeEvent, originOf, verifyReceipt, type Fault } from "../lib/receipt";
import type { Services } from "../lib/services";
import type { LogEvent, Text } from "../lib/views";
import type { Given } from "./given";
import { recall } from "./memory";
import { CannotRead, Contradicted, readNewest, type NewestLog, type NotNow, type Seen } from "./newest";
import { isUnreachable, servedEdition, servedKey, type Served } from "./served";

/** An entry of the log, as far as it is verified. */
export interface Verified {
  readonly kind: "verified";
  readonly edition: string;
  readonly title: Text | undefined;
  readonly index: number;
  readonly leaf: Hash;
  readonly code: string;
  /** The entry's contents; undefined if only its hash is known. */
  readonly event: LogEvent | undefined;
  /** The checkpoint in the receipt; undefined for a code, which has none. */
  readonly receipt: Checkpoint | undefined;
  /** The log as it stands now, which continues that; undefined if it could not be read. */
  readonly now: Checkpoint | undefined;
  /** Why it could not. */
  readonly notNow: NotNow | undefined;
  readonly verifier: Verifier;
  /** Since when this device knows the key, in milliseconds since 1970. */
  readonly keySince: number | undefined;
}

export type Outcome =
  | Verified
  /** The receipt proves nothing; `code`: the log has another entry there than the code means. */
  | { readonly kind: "wrong"; readonly fault: Fault | "code" }
  /** The receipt is good, and the log has gone back on what it signed. */
  | { readonly kind: "contradicted"; readonly evidence: Contradicted }
  /** The server names another key than the one pinned for this log. */
  | { readonly kind: "other-key"; readonly pinned: string; readonly served: string }
  | { readonly kind: "unknown-log"; readonly origin: string }
  | { readonly kind: "no-such-entry"; readonly index: number; readonly size: number }
  | { readonly kind: "no-edition" }
  /** The server shows an older log than this device has seen; that contradicts nothing. */
  | { readonly kind: "older" }
  | { readonly kind: "unreachable" };

type Carried = Exclude<Given, { kind: "short" }>;

/** Examines what was handed in; `edition` is the one that a short code is looked for in. */
export async function examine(
  services: Services,
  given: Given,
  edition: string | undefined,
): Promise<Outcome> {
  try {
    if (given.kind === "short") return await findByCode(services, given.code, edition);
    return await examineCarried(services, given);
  } catch (error) {
    if (error instanceof BadReceipt) return { kind: "wrong", fault: error.fault };
    if (error instanceof Contradicted) return { kind: "contradicted", evidence: error };
    if (error instanceof CannotRead && error.why === "older") return { kind: "older" };
    if (error instanceof CannotRead || isUnreachable(error)) return { kind: "unreachable" };
    throw error;
  }
}

async function examineCarried(services: Services, given: Carried): Promise<Outcome> {
  const origin = given.kind === "full" ? originOf(given.receipt) : given.receipt.origin;
  const served = await servedEdition(services, given.receipt.edition);
  const key = await keyOf(services, origin, served);
  if (!("verifier" in key)) return key;
  const alone = await verifyAlone(given, key.verifier);
  const { newest, notNow } = await compare(services, alone, key.verifier);
  return {
    ...(await common(alone, key.verifier, served)),
    event: alone.event ?? (newest && (await eventAt(newest, alone))),
    receipt: alone.seen.checkpoint,
    now: newest?.checkpoint,
    notNow,
  };
}

/** The key that verifies this log, or why there is none. */
async function keyOf(
  services: Services,
  origin: string,
  served: Served | "none" | "unreachable",
): Promise<{ readonly verifier: Verifier } | Outcome> {
  const pinned = await recall(origin);
  const named = typeof served === "string" ? undefined : served.verifier;
  const fitting = named?.name === origin ? named : undefined;
  if (pinned && fitting && pinned.vkey !== fitting.vkey) {
    return { kind: "other-key", pinned: pinned.vkey, served: fitting.vkey };
  }
  if (pinned) return { verifier: await parseVkey(pinned.vkey) };
  if (fitting) return { verifier: fitting };
  if (served === "unreachable") return { kind: "unreachable" };
  // A receipt may name one edition and be of another's log: whose it is shows when it is verified.
  const other = await servedKey(services, origin);
  return other ? { verifier: other } : { kind: "unknown-log", origin };
}

/** What a receipt proves by itself. */
interface Alone {
  readonly edition: string;
  readonly index: number;
  readonly leaf: Hash;
  readonly event: LogEvent | undefined;
  readonly seen: Seen;
}

async function verifyAlone(given: Carried, verifier: Verifier): Promise<Alone> {
  const { edition } = given.receipt;
  if (given.kind === "full") {
    const { index, leaf, event, checkpoint } = await verifyReceipt(given.receipt, verifier);
    const note = decodeProof(given.receipt.proof).checkpoint;
    return { edition, index, leaf, event, seen: { checkpoint, note } };
  }
  const { index, leaf, checkpoint, note } = await verifyCompact(given.receipt, verifier);
  return { edition, index, leaf, event: undefined, seen: { checkpoint, note } };
}

/** The log as it stands, if it can be read; throws `Contradicted`. */
async function compare(
  services: Services,
  alone: Alone,
  verifier: Verifier,
): Promise<{ readonly newest: NewestLog | undefined; readonly notNow: NotNow | undefined }> {
  try {
    const newest = await readNewest(services, alone.edition, verifier, alone.seen);
    return { newest, notNow: undefined };
  } catch (error) {
    if (!(error instanceof CannotRead)) throw error;
    return { newest: undefined, notNow: error.why };
  }
}

/** What the entry says, if the log serves the very entry that the receipt is about. */
async function eventAt(newest: NewestLog, alone: Alone): Promise<LogEvent | undefined> {
  let entry: Bytes;
  try {
    entry = await newest.entry(alone.index);
  } catch (error) {
    if (error instanceof CannotRead) return undefined;
    throw error;
  }
  return equal(await leafHash(entry), alone.leaf) ? decodeEvent(entry) : undefined;
}

async function findByCode(
  services: Services,
  code: ShortCode,
  edition: string | undefined,
): Promise<Outcome> {
  if (edition === undefined) return { kind: "no-edition" };
  const served = await servedEdition(services, edition);
  if (served === "none") return { kind: "no-edition" };
  if (served === "unreachable") return { kind: "unreachable" };
  const key = await keyOf(services, served.verifier.name, served);
  if (!("verifier" in key)) return key;
  const newest = await readNewest(services, edition, key.verifier);
  const { index } = code;
  const { size } = newest.checkpoint;
  if (index >= size) return { kind: "no-such-entry", index, size };
  const entry = await newest.entry(index);
  const leaf = await leafHash(entry);
  if (!(await isThere(newest, leaf, index))) return { kind: "unreachable" };
  if (!fitsShortCode(code, leaf)) return { kind: "wrong", fault: "code" };
  return {
    ...(await common({ edition, index, leaf }, key.verifier, served)),
    event: decodeEvent(entry),
    receipt: undefined,
    now: newest.checkpoint,
    notNow: undefined,
  };
}

/** Whether the entry served is the log's: one that is not shows nothing about a receipt. */
async function isThere(newest: NewestLog, leaf: Hash, index: number): Promise<boolean> {
  try {
    await newest.verifyLeaf(leaf, index);
    return true;
  } catch (error) {
    if (error instanceof BadProof) return false;
    throw error;
  }
}

async function common(
  entry: Pick<Verified, "edition" | "index" | "leaf">,
  verifier: Verifier,
  served: Served | "none" | "unreachable",
) {
  const { edition, index, leaf } = entry;
  return {
    kind: "verified" as const,
    edition,
    title: typeof served === "string" ? undefined : served.view.manifest.title,
    index,
    leaf,
    code: shortCode(index, leaf),
    verifier,
    keySince: (await recall(verifier.name))?.since,
  };
}
