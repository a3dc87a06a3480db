/** How far what is shown can be trusted, and how old it is. Pure: times are milliseconds. */

import type { TallySnapshot } from "../lib/views";

/** Younger than this counts as live: a snapshot a second, and the way here. */
const LIVE_MS = 3_000;
/** The tally gives a sign of life every 12 s. */
const QUIET_MS = 16_000;

export interface Contact {
  readonly connected: boolean;
  /** When anything last arrived. */
  readonly heardAt: number;
  /** When the tally last said that it had counted all there was; undefined if never here. */
  readonly verifiedAt: number | undefined;
}

export type Freshness =
  | { readonly kind: "contradiction" }
  | { readonly kind: "live" }
  | { readonly kind: "catching-up"; readonly behind: number; readonly lateS: number | undefined }
  | { readonly kind: "late"; readonly lateS: number };

export function freshness(
  snapshot: TallySnapshot,
  { connected, heardAt, verifiedAt }: Contact,
  now: number,
): Freshness {
  if (snapshot.status === "contradiction") return { kind: "contradiction" };
  const silentMs = now - heardAt;
  if (silentMs > QUIET_MS || (!connected && silentMs > LIVE_MS)) {
    return { kind: "late", lateS: Math.round((now - (verifiedAt ?? heardAt)) / 1000) };
  }
  if (snapshot.status === "verified") return { kind: "live" };
  if (verifiedAt === undefined) {
    return { kind: "catching-up", behind: snapshot.behind, lateS: undefined };
  }
  const lateMs = now - verifiedAt;
  if (lateMs <= LIVE_MS) return { kind: "live" };
  const lateS = Math.round(lateMs / 1000);
  return snapshot.behind > 0
    ? { kind: "catching-up", behind: snapshot.behind, lateS }
    : { kind: "late", lateS };
}
