/** What must be known before a voter begins, or goes on. */

import type { Services } from "../lib/services";
import { NoStorage } from "../lib/store";
import { readFacts } from "./runner";
import { keepsAnything, Storage, type Aside } from "./storage";
import { takePlace } from "./tabs";
import type { Voter } from "./voter";
import type { Facts } from "./way";

/** How far the opening got. */
export type Opened =
  | { readonly at: "insecure" | "elsewhere" | "no-storage" }
  | {
      readonly at: "ready";
      readonly facts: Facts;
      readonly voter: Voter | null;
      /** Null: this device keeps nothing, and the voter goes on nevertheless. */
      readonly storage: Storage | null;
      readonly aside: readonly Aside[];
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
  const facts = readFacts(services, edition);
  const storage = keeps ? new Storage(edition) : null;
  try {
    const voter = (await storage?.load()) ?? null;
    const aside = (await storage?.aside()) ?? [];
    return { at: "ready", facts: await facts, voter, storage, aside };
  } catch (error) {
    if (error instanceof NoStorage) return { at: "no-storage" };
    throw error;
  }
}
