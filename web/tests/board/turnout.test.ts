import { describe, expect, it } from "vitest";

import { turnoutCurve, turnoutRows } from "../../src/board/turnout";
import type { TallySnapshot } from "../../src/lib/views";

const HOURS = [
  { hour: "2027-03-01T09:00:00Z", ballots: 5, voters: 5 },
  { hour: "2027-03-01T11:00:00Z", ballots: 4, voters: 3 },
];
const START = Date.parse("2027-03-01T09:00:00Z");
const HOUR = 3_600_000;

function snapshot(time: string, ballots: number, voters: number): TallySnapshot {
  return { time, ballots, voters } as TallySnapshot;
}

describe("rows", () => {
  it("add up", () => {
    const rows = turnoutRows(HOURS, snapshot("2027-03-01T11:30:00Z", 9, 8));
    expect(rows.map((row) => row.total)).toEqual([5, 8]);
  });

  it("take what the stream has brought since into the hour that it was brought in", () => {
    const rows = turnoutRows(HOURS, snapshot("2027-03-01T11:30:00Z", 12, 10));
    expect(rows[1]).toEqual({ from: START + 2 * HOUR, ballots: 7, voters: 5, total: 10 });
  });

  it("begin a new hour for ballots after the last one", () => {
    const rows = turnoutRows(HOURS, snapshot("2027-03-01T12:00:01Z", 11, 8));
    expect(rows[2]).toEqual({ from: START + 3 * HOUR, ballots: 2, voters: 0, total: 8 });
  });

  it("are none where nobody voted", () => {
    expect(turnoutRows([], snapshot("2027-03-01T09:30:00Z", 0, 0))).toEqual([]);
  });
});

describe("curve", () => {
  it("is flat over hours in which nobody voted, and ends now", () => {
    const rows = turnoutRows(HOURS, snapshot("2027-03-01T11:30:00Z", 9, 8));
    const [times, totals] = turnoutCurve(rows, START + 2.5 * HOUR);
    expect(times.map((time) => (time * 1000 - START) / HOUR)).toEqual([0, 1, 2, 2.5]);
    expect(totals).toEqual([0, 5, 5, 8]);
  });

  it("never goes back in time", () => {
    const rows = turnoutRows(HOURS, snapshot("2027-03-01T11:00:00Z", 9, 8));
    const [times] = turnoutCurve(rows, START + 2 * HOUR);
    expect([...times].sort((a, b) => a - b)).toEqual(times);
  });
});
