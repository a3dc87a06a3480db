/** An edition as the server shows it, and the key that it names for the edition's log. */

import { listEditions, showEdition } from "../lib/api";
import { fromBase64 } from "../lib/bytes";
import { BadAnswer, CannotReach, Refused } from "../lib/http";
import { LogFormatError } from "../lib/log/errors";
import { makeVerifier, parseVkey, type Verifier } from "../lib/log/note";
import type { Services } from "../lib/services";
import type { EditionSummary, EditionView } from "../lib/views";
import { pinAll } from "./memory";

export interface Served {
  readonly view: EditionView;
  readonly verifier: Verifier;
}

/** The edition as served, "none" if the server has no such edition, "unreachable" without one. */
export async function servedEdition(
  services: Services,
  edition: string,
): Promise<Served | "none" | "unreachable"> {
  try {
    const view = await showEdition(services, edition, { attempts: 2, timeoutS: 10 });
    const { origin, key } = view.manifest.log;
    return { view, verifier: await makeVerifier(origin, fromBase64(key)) };
  } catch (error) {
    if (error instanceof Refused && error.status === 404) return "none";
    if (isUnreachable(error)) return "unreachable";
    throw error;
  }
}

/** The editions that the server has, and whether the keys of all their logs are kept here now. */
export interface ServedLogs {
  readonly editions: readonly EditionSummary[];
  readonly pinned: boolean;
}

/** Pins the keys of the server's logs on first use, so that receipts can be checked without it. */
export async function pinServedLogs(services: Services): Promise<ServedLogs> {
  const { editions } = await listEditions(services);
  return { editions, pinned: await pinAll(editions.map(({ vkey }) => vkey)) };
}

/** The key that the server names for a log, whichever edition's it is; undefined if it has none. */
export async function servedKey(services: Services, origin: string): Promise<Verifier | undefined> {
  const { editions } = await listEditions(services);
  const summary = editions.find(({ vkey }) => vkey.startsWith(`${origin}+`));
  return summary && parseVkey(summary.vkey);
}

/** Whether no usable answer came. */
export function isUnreachable(error: unknown): boolean {
  return [CannotReach, BadAnswer, Refused, LogFormatError, RangeError].some(
    (kind) => error instanceof kind,
  );
}
