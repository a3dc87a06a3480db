/** The log as it stands now, and whether it continues what was seen of it before. */

import { readLog } from "../lib/api";
import { equal, fromUtf8, utf8, type Bytes } from "../lib/bytes";
import { BadAnswer, CannotReach, Refused } from "../lib/http";
import { openCheckpoint, type Checkpoint } from "../lib/log/checkpoint";
import { BadProof, LogFormatError } from "../lib/log/errors";
import type { Hash } from "../lib/log/merkle";
import type { Verifier } from "../lib/log/note";
import {
  consistencyProof,
  inclusionProof,
  rootAt,
  verifyConsistency,
  verifyInclusion,
  type NodeReader,
} from "../lib/log/proofs";
import { decodeBundle, tileNodes, tilePath, tileWidth, TILE_WIDTH } from "../lib/log/tiles";
import type { Services } from "../lib/services";
import { recall, remember } from "./memory";

const ATTEMPTS = 3;
const TIMEOUT_S = 15;

/** A checkpoint with the signed note that says it. */
export interface Seen {
  readonly checkpoint: Checkpoint;
  readonly note: Bytes;
}

/**
 * The log does not continue what its own key signed before. Its newest checkpoint has grown from
 * `root` at the size of `before`, as the consistency proof shows, and that is not the root signed
 * then: all of it together proves it to anyone.
 */
export class Contradicted extends Error {
  override name = "Contradicted";

  constructor(
    readonly before: Seen,
    readonly now: Seen,
    readonly root: Hash,
    readonly proof: readonly Hash[],
  ) {
    super(`the log of ${now.checkpoint.size} entries does not continue ${before.checkpoint.size}`);
  }
}

/**
 * Why the log as it stands is not known: no server answered, or with what cannot be used, or with
 * a checkpoint that is older than one already seen, which contradicts nothing.
 */
export type NotNow = "unreachable" | "unusable" | "older";

/** The log as it stands could not be read. */
export class CannotRead extends Error {
  override name = "CannotRead";

  constructor(
    readonly why: NotNow,
    cause: unknown,
  ) {
    super(String(cause), { cause });
  }
}

/** An edition's log at its newest checkpoint, verified and remembered. */
export interface NewestLog extends Seen {
  /** The entry at an index, unverified bytes. */
  readonly entry: (index: number) => Promise<Bytes>;
  /** Throws `BadProof` unless the leaf is at this index. */
  readonly verifyLeaf: (leaf: Hash, index: number) => Promise<void>;
}

/**
 * Fetches the newest checkpoint and verifies that it continues the one in hand and the one that
 * this device remembers; then remembers it. Throws `Contradicted` or `CannotRead`.
 */
export async function readNewest(
  services: Services,
  edition: string,
  verifier: Verifier,
  inHand?: Seen,
): Promise<NewestLog> {
  const fetch = (resource: string) => reading(() => readLog(services, edition, resource, PATIENCE));
  // Before the log is asked: what another tab remembers in between may well be newer than the answer.
  const past = await remembered(verifier);
  const note = await fetch("checkpoint");
  const checkpoint = await reading(() => openCheckpoint(note, verifier));
  const now = { checkpoint, note };
  const nodes = tileNodes(checkpoint.size, fetch);
  for (const before of [inHand, past]) {
    if (before) await requireContinued(before, now, nodes);
  }
  await remember(verifier, fromUtf8(note));
  return {
    ...now,
    entry: (index) => readEntry(index, checkpoint.size, fetch),
    verifyLeaf: async (leaf, index) => {
      const path = await reading(() => inclusionProof(index, checkpoint.size, nodes));
      await verifyInclusion(leaf, index, checkpoint.size, path, checkpoint.root);
    },
  };
}

const PATIENCE = { attempts: ATTEMPTS, timeoutS: TIMEOUT_S };

async function remembered(verifier: Verifier): Promise<Seen | undefined> {
  const known = await recall(verifier.name);
  if (known?.checkpoint === undefined) return undefined;
  const note = utf8(known.checkpoint);
  return { checkpoint: await openCheckpoint(note, verifier), note };
}

async function requireContinued(before: Seen, now: Seen, nodes: NodeReader): Promise<void> {
  const [older, newer] = [before.checkpoint, now.checkpoint];
  if (older.size > newer.size) {
    throw new CannotRead("older", `${newer.size} entries, and ${older.size} were seen before`);
  }
  if (older.size === newer.size) {
    if (equal(older.root, newer.root)) return;
    throw new Contradicted(before, now, newer.root, []);
  }
  const proof = await reading(() => consistencyProof(older.size, newer.size, nodes));
  const grownFrom = (root: Hash) =>
    verifyConsistency(older.size, root, newer.size, newer.root, proof);
  try {
    await grownFrom(older.root);
  } catch (error) {
    if (!(error instanceof BadProof)) throw error;
    // Tiles that do not lead to the new root either show nothing about what was signed.
    const root = await reading(() => rootAt(older.size, nodes));
    await reading(() => grownFrom(root));
    throw new Contradicted(before, now, root, proof);
  }
}

async function readEntry(
  index: number,
  size: number,
  fetch: (path: string) => Promise<Bytes>,
): Promise<Bytes> {
  const n = Math.floor(index / TILE_WIDTH);
  const bundle = await fetch(tilePath("entries", n, tileWidth(0, n, size)));
  return reading(() => {
    const entry = decodeBundle(bundle)[index % TILE_WIDTH];
    if (!entry) throw new LogFormatError(`the bundle has no entry ${index}`);
    return entry;
  });
}

/** Turns every way in which reading can fail into `CannotRead`. */
async function reading<T>(read: () => T | Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof CannotReach) throw new CannotRead("unreachable", error);
    const unusable = [Refused, BadAnswer, LogFormatError].some((kind) => error instanceof kind);
    throw unusable ? new CannotRead("unusable", error) : error;
  }
}
