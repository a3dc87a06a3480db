import { describe, expect, it } from "vitest";

import { departments, found, shuffled } from "../../src/vote/order";
import { INITIATIVES } from "./given";

const ids = (list: readonly { readonly id: string }[]) => list.map((one) => one.id);

describe("the order of the shortlist", () => {
  it("has everything once", () => {
    expect(ids(shuffled(INITIATIVES, 1)).sort()).toEqual(ids(INITIATIVES).sort());
  });

  it("is the same each time for one voter", () => {
    expect(shuffled(INITIATIVES, 42)).toEqual(shuffled(INITIATIVES, 42));
  });

  it("gives every place to each initiative about as often", () => {
    const rounds = 20_000;
    const first = new Map<string, number>();
    for (let seed = 0; seed < rounds; seed += 1) {
      const id = shuffled(INITIATIVES, seed * 2_654_435_761)[0]?.id ?? "";
      first.set(id, (first.get(id) ?? 0) + 1);
    }
    // A fifth each; 4 % is more than six standard deviations.
    for (const { id } of INITIATIVES) {
      expect(Math.abs((first.get(id) ?? 0) / rounds - 1 / INITIATIVES.length)).toBeLessThan(0.02);
    }
  });
});

describe("finding", () => {
  const all = { words: "", department: "" };

  it("shows all when nothing is looked for", () => {
    expect(found(INITIATIVES, all)).toEqual(INITIATIVES);
  });

  it("finds words in both languages, whatever their width or case", () => {
    expect(ids(found(INITIATIVES, { ...all, words: "　ＬＩＦＴＳ 事项" }))).toEqual(["lifts"]);
  });

  it("finds by department", () => {
    expect(ids(found(INITIATIVES, { ...all, department: "公安局" }))).toEqual(["buses", "clinics"]);
  });

  it("names each department once", () => {
    expect(departments(INITIATIVES).map((one) => one.zh)).toEqual(["教育局", "公安局"]);
  });
});
