/** The turnout as curve and table: hours from the log, and the last one kept up with the stream. */

import type { TallySnapshot } from "../lib/views";
import type { HourTurnout } from "./views";

const HOUR_MS = 3_600_000;

export interface TurnoutRow {
  /** When the hour begins, in milliseconds. */
  readonly from: number;
  readonly ballots: number;
  readonly voters: number;
  /** Voters up to the end of the hour. */
  readonly total: number;
}

/**
 * The hours with what the stream has brought since they were asked for. New ballots belong to the
 * hour of `snapshot.time`, which may be one that has no row yet.
 */
export function turnoutRows(hours: readonly HourTurnout[], snapshot: TallySnapshot): TurnoutRow[] {
  const rows: TurnoutRow[] = [];
  let total = 0;
  let ballots = 0;
  for (const hour of hours) {
    total += hour.voters;
    ballots += hour.ballots;
    rows.push({ from: Date.parse(hour.hour), ballots: hour.ballots, voters: hour.voters, total });
  }
  const more = { ballots: snapshot.ballots - ballots, voters: snapshot.voters - total };
  if (more.ballots > 0) addNew(rows, more, Date.parse(snapshot.time), snapshot.voters);
  return rows;
}

function addNew(
  rows: TurnoutRow[],
  more: { ballots: number; voters: number },
  time: number,
  total: number,
): void {
  const hour = time - (time % HOUR_MS);
  const last = rows[rows.length - 1];
  if (last && last.from >= hour) {
    rows[rows.length - 1] = {
      from: last.from,
      ballots: last.ballots + more.ballots,
      voters: last.voters + more.voters,
      total,
    };
  } else {
    rows.push({ from: hour, ...more, total });
  }
}

/** Seconds and voters so far, for a curve: flat where nobody voted, and up to now at the end. */
export function turnoutCurve(rows: readonly TurnoutRow[], now: number): [number[], number[]] {
  const first = rows[0];
  if (!first) return [[], []];
  const times = [first.from / 1000];
  const totals = [0];
  let before = 0;
  for (const row of rows) {
    const from = row.from / 1000;
    if (from > (times[times.length - 1] ?? 0)) {
      times.push(from);
      totals.push(before);
    }
    const end = Math.min(row.from + HOUR_MS, Math.max(now, row.from + 60_000));
    times.push(end / 1000);
    totals.push(row.total);
    before = row.total;
  }
  return [times, totals];
}
