/** What must be known before a voter begins, or goes on. */

import { Refused } from "../lib/http";
import type { Services } from "../lib/services";
import { NoStorage } from "../lib/store";
import { readFacts } from "./runner";
import { keepsAnything, Storage } from "./storage";
import { takePlace } from "./tabs";
import type { Voter } from "./voter";
import type { Facts } from "./way";

/** How far the opening got. */
export type Opened =
  | { readonly at: "insecure" | "elsewhere" | "no-storage" | "unknown" }
  | {
      readonly at: "ready";
      readonly facts: Facts;
      readonly voter: Voter | null;
      /** Null: this device keeps nothing, and the voter goes on nevertheless. */
      readonly storage: Storage | null;
      readonly aside: readonly Voter[];
    };

export interface Insisting {
  /** Take over from another tab. */
  readonly here: boolean;
  /** Vote although the device keeps nothing. */
  readonly anyway: boolean;
}

/** Throws what requests throw when the services cannot be asked. */
export async function openVote(
  services: Services,
  edition: string,
  insisting: Insisting,
  lost: () => void,
): Promise<Opened> {
  if (!globalThis.crypto?.subtle) return { at: "insecure" };
  if (!(await takePlace(edition, insisting.here, lost))) return { at: "elsewhere" };
  const keeps = await keepsAnything();
  if (!keeps && !insisting.anyway) return { at: "no-storage" };
  const storage = keeps ? new Storage(edition) : null;
  try {
    const kept = (await storage?.load()) ?? null;
    const facts = await readFacts(services, edition, kept);
    const voter = await ofThisLog(kept, facts, storage);
    const { vkey } = facts.edition;
    const aside = ((await storage?.aside()) ?? []).filter((one) => one.vkey === vkey);
    return { at: "ready", facts, voter, storage, aside };
  } catch (error) {
    if (error instanceof NoStorage) return { at: "no-storage" };
    if (error instanceof Refused && error.slug === "unknown-edition") return { at: "unknown" };
    throw error;
  }
}

/**
 * The voter, unless the record is of another log: an edition of the same name, at another
 * installation. That one is set aside. A log of the same origin with another key is no other log:
 * that is found out, and said, where the log is verified.
 */
async function ofThisLog(
  voter: Voter | null,
  facts: Facts,
  storage: Storage | null,
): Promise<Voter | null> {
  const { origin } = facts.edition.manifest.log;
  if (!voter || voter.vkey.startsWith(`${origin}+`)) return voter;
  await storage?.setAside();
  return null;
}
