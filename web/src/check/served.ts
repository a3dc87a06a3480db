/** An edition as the server shows it, and the key that it names for the edition's log. */

import { listEditions, showEdition } from "../lib/api";
import { fromBase64, utf8 } from "../lib/bytes";
import { BadAnswer, CannotReach, Refused } from "../lib/http";
import { openCheckpoint } from "../lib/log/checkpoint";
import { LogFormatError } from "../lib/log/errors";
import { makeVerifier, type Verifier } from "../lib/log/note";
import type { Services } from "../lib/services";
import type { EditionSummary, EditionView } from "../lib/views";
import { recall, remember } from "./memory";

const MOST_PINNED = 8;

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

/** The editions that the server has; their keys are pinned, so that checks work without it later. */
export async function pinServedLogs(services: Services): Promise<readonly EditionSummary[]> {
  const { editions } = await listEditions(services);
  for (const { edition } of editions.slice(-MOST_PINNED)) {
    const served = await servedEdition(services, edition);
    if (typeof served !== "string") await pinFirst(served);
  }
  return editions;
}

/** Pins the key on first use only: whether the log continues what is known is asked at a check. */
async function pinFirst({ view, verifier }: Served): Promise<void> {
  if (await recall(verifier.name)) return;
  try {
    await openCheckpoint(utf8(view.checkpoint), verifier);
  } catch (error) {
    if (error instanceof LogFormatError) return; // a check will say so
    throw error;
  }
  await remember(verifier, view.checkpoint);
}

/** Whether no usable answer came. */
export function isUnreachable(error: unknown): boolean {
  return [CannotReach, BadAnswer, Refused, LogFormatError, RangeError].some(
    (kind) => error instanceof kind,
  );
}
