import { describe, expect, it } from "vitest";

import { rank } from "../../src/board/ranking";

const counts = (...ballots: number[]) => ballots.map((n, i) => ({ id: `i${i + 1}`, ballots: n }));
const ids = (rows: readonly { id: string }[]) => rows.map((row) => row.id);

describe("before the close", () => {
  it("puts the most named first, and equals in published order", () => {
    const { rows, chosen, tied, most } = rank(counts(1, 5, 3, 5, 0), 3, null);
    expect(ids(rows)).toEqual(["i2", "i4", "i3", "i1", "i5"]);
    expect(rows.map((row) => row.rank)).toEqual([1, 1, 3, 4, 5]);
    expect(rows.map((row) => row.standing)).toEqual(["in", "in", "in", "out", "out"]);
    expect([chosen, tied, most]).toEqual([3, 0, 5]);
  });

  it("gives nobody a seat that several are tied for", () => {
    const { rows, chosen, tied, seatsOpen } = rank(counts(4, 2, 2, 2, 0), 2, null);
    expect(rows.map((row) => row.standing)).toEqual(["in", "tied", "tied", "tied", "out"]);
    expect([chosen, tied, seatsOpen]).toEqual([1, 3, 1]);
  });

  it("calls equals chosen when there is a seat for each", () => {
    const { chosen, tied } = rank(counts(4, 2, 2, 1), 3, null);
    expect([chosen, tied]).toEqual([3, 0]);
  });

  it("chooses all when there are no more than seats", () => {
    const { chosen, tied } = rank(counts(0, 0), 2, null);
    expect([chosen, tied]).toEqual([2, 0]);
  });
});

describe("after the close", () => {
  const result = {
    winners: ["i1", "i3"],
    tied: [],
    seats_open: 0,
    decided_by_draw: true,
    certified: true,
  };

  it("shows the result's order, not its own", () => {
    const { rows } = rank(counts(4, 2, 2, 2, 1), 2, result);
    expect(ids(rows)).toEqual(["i1", "i3", "i2", "i4", "i5"]);
    expect(rows.map((row) => row.standing)).toEqual(["in", "in", "out", "out", "out"]);
  });

  it("ranks those who lost the draw below those who won it", () => {
    const { rows } = rank(counts(4, 2, 2, 2, 1), 2, result);
    expect(rows.map((row) => row.rank)).toEqual([1, 2, 3, 3, 5]);
  });
});
