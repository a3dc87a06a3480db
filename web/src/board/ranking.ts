/**
 * The order in which initiatives are shown, who is in, and where the line is. Pure.
 *
 * Before the close this is what the count would give now; afterwards it is the tally's result, in
 * its order. The rule is `shared/edition/result.py`: nobody has a seat that several are tied for.
 */

import type { InitiativeTally } from "../lib/views";
import type { ResultWithDraw } from "./views";

export type Standing = "in" | "tied" | "out";

export interface Row {
  readonly id: string;
  readonly ballots: number;
  /** The same for equal counts: 1, 2, 2, 4. After a draw each has its own. */
  readonly rank: number;
  readonly standing: Standing;
}

export interface Ranking {
  readonly rows: readonly Row[];
  /** How many of `rows` are in, and how many wait for a draw below them. */
  readonly chosen: number;
  readonly tied: number;
  /** Seats that the tied are tied for. */
  readonly seatsOpen: number;
  /** The largest count. */
  readonly most: number;
}

/** `counts` are in published order, which is also the order among equals. */
export function rank(
  counts: readonly InitiativeTally[],
  seats: number,
  result: ResultWithDraw | null,
): Ranking {
  const sorted = [...counts].sort((one, other) => other.ballots - one.ballots);
  const { winners, tied, seatsOpen } = result
    ? { winners: result.winners, tied: result.tied, seatsOpen: result.seats_open }
    : provisional(sorted, seats);
  const first = [...winners, ...tied];
  const ballots = new Map(counts.map((one) => [one.id, one.ballots]));
  const rest = sorted.map((one) => one.id).filter((id) => !first.includes(id));
  const order = [...first, ...rest];
  const rankAfterDraw = (place: number, own: number) =>
    place < winners.length ? place + 1 : Math.max(rankOf(own, sorted), winners.length + 1);
  const rows = order.map((id, place): Row => {
    const own = ballots.get(id) ?? 0;
    return {
      id,
      ballots: own,
      rank: result?.decided_by_draw ? rankAfterDraw(place, own) : rankOf(own, sorted),
      standing: place < winners.length ? "in" : place < first.length ? "tied" : "out",
    };
  });
  const most = sorted[0]?.ballots ?? 0;
  return { rows, chosen: winners.length, tied: tied.length, seatsOpen, most };
}

function provisional(sorted: readonly InitiativeTally[], seats: number) {
  const ids = (some: readonly InitiativeTally[]) => some.map((one) => one.id);
  if (sorted.length <= seats) return { winners: ids(sorted), tied: [], seatsOpen: 0 };
  const cutoff = sorted[seats - 1]?.ballots ?? 0;
  const above = sorted.filter((one) => one.ballots > cutoff);
  const level = sorted.filter((one) => one.ballots === cutoff);
  const left = seats - above.length;
  if (level.length === left) return { winners: ids([...above, ...level]), tied: [], seatsOpen: 0 };
  return { winners: ids(above), tied: ids(level), seatsOpen: left };
}

function rankOf(ballots: number, sorted: readonly InitiativeTally[]): number {
  return sorted.findIndex((one) => one.ballots === ballots) + 1;
}
