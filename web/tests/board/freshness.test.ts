import { describe, expect, it } from "vitest";

import { freshness } from "../../src/board/freshness";
import type { TallySnapshot } from "../../src/lib/views";

const NOW = 1_000_000;

function snapshot(change: Partial<TallySnapshot> = {}): TallySnapshot {
  return { status: "verified", behind: 0, ...change } as TallySnapshot;
}

function at(heardAgo: number, verifiedAgo: number | undefined, connected = true) {
  const verifiedAt = verifiedAgo === undefined ? undefined : NOW - verifiedAgo;
  return { connected, heardAt: NOW - heardAgo, verifiedAt };
}

describe("freshness", () => {
  it("is live while the tally says so and is heard", () => {
    expect(freshness(snapshot(), at(11_000, 11_000), NOW)).toEqual({ kind: "live" });
  });

  it("does not call a short break a delay", () => {
    expect(freshness(snapshot(), at(2_000, 2_000, false), NOW)).toEqual({ kind: "live" });
  });

  it("counts the delay from when all was last verified, once the connection is lost", () => {
    expect(freshness(snapshot(), at(5_000, 12_000, false), NOW)).toEqual({ kind: "late", lateS: 12 });
  });

  it("does not believe a connection that is silent", () => {
    expect(freshness(snapshot(), at(17_000, 17_000), NOW)).toEqual({ kind: "late", lateS: 17 });
  });

  it("says how many entries are left while the tally catches up", () => {
    const behind = snapshot({ status: "catching-up", behind: 40 });
    expect(freshness(behind, at(100, 9_000), NOW)).toEqual({
      kind: "catching-up",
      behind: 40,
      lateS: 9,
    });
    expect(freshness(behind, at(100, undefined), NOW)).toEqual({
      kind: "catching-up",
      behind: 40,
      lateS: undefined,
    });
  });

  it("stays live while the tally is behind for no longer than a moment", () => {
    const behind = snapshot({ status: "catching-up", behind: 40 });
    expect(freshness(behind, at(100, 1_500), NOW)).toEqual({ kind: "live" });
  });

  it("is late when the tally cannot read the log", () => {
    const blind = snapshot({ status: "catching-up", behind: 0 });
    expect(freshness(blind, at(100, 30_000), NOW)).toEqual({ kind: "late", lateS: 30 });
  });

  it("lets nothing come before a contradiction", () => {
    const wrong = snapshot({ status: "contradiction" });
    expect(freshness(wrong, at(90_000, undefined, false), NOW)).toEqual({ kind: "contradiction" });
  });
});
